# What the bot says besides the card: answers to commands, X's answers, news, receipts.

# Times and lists.
at-time = { $time } UTC
at-day = { $day } { month-short } { $time } UTC
at-yesterday = yesterday { $time } UTC
date = { $day } { month-long } { $year }
month-short =
    { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
month-long =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
in-seconds = in { $n } s
in-minutes = in { $n } min
in-hours = in { $n } h
list-and = { $first } and { $last }
code = <code>{ $code }</code>
detail = <code>{ $detail }</code>
account = <b>{ $name }</b>
account-tried = <b>{ $name }</b> with the new values
account-on-x =
    { $handle ->
        [none] <b>{ $name }</b>
       *[other] <b>{ $name }</b> ({ $handle })
    }

# Around a dialog.
flow-open =
    { $what ->
        [link] You are in the middle of linking <b>{ $name }</b>. Go on with it?
        [rotate] You are in the middle of giving <b>{ $name }</b> new values. Go on with it?
       *[new] You are in the middle of linking an account. Go on with it?
    }
flow-expired =
    { $what ->
        [link] ⏳ I had stopped linking <b>{ $name }</b>, because nothing came for 30 minutes; what you had entered is wiped.{ flow-deleted }
        [rotate] ⏳ I had stopped giving <b>{ $name }</b> new values, because nothing came for 30 minutes; what you had entered is wiped.{ flow-deleted }
       *[new] ⏳ I had stopped linking an account, because nothing came for 30 minutes; what you had entered is wiped.{ flow-deleted }
    }
flow-deleted =
    { $deleted ->
        [yes] { " " }I deleted your message, in case it was a value.
       *[no] { "" }
    }
nothing-to-cancel = There is nothing to cancel.
cancelled =
    { $values ->
        [0] Cancelled. You had not entered a value yet.
        [one] Cancelled. The value you had entered is wiped.
       *[other] Cancelled. The { $values } values you had entered are wiped.
    }
token-stands = ℹ️ X gave out a token for <b>{ $handle }</b>, and I have not kept it. At X it stays valid until you end it. { -end-all-tokens }

# Messages that may hold a secret.
not-deleted =
    { $trying ->
        [yes] ⚠️ Telegram does not let me delete your message yet; I keep trying. To be safe, delete it yourself: press and hold it → Delete, and tick “also delete for” if asked. Look on your other devices too.
       *[no] ⚠️ I could not delete your message. Please delete it yourself: press and hold it → Delete, and tick “also delete for” if asked. Look on your other devices too.
    }
deleted-at-last = ✓ Your message is deleted now.
stray-secret =
    { $deleted ->
        [yes] 🔒 That looked like a key or token, so I deleted it. I was not asking for one. To link an account, begin with /addx.
       *[no] 🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete. I was not asking for one. To link an account, begin with /addx.
    }
stray-secret-in-group =
    { $deleted ->
        [yes] 🔒 That looked like a key or token, so I deleted it. Others could see it here: please regenerate this one in X. Keys belong in the private chat.
       *[no] 🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete. Others could see it here: please regenerate this one in X. Keys belong in the private chat.
    }

# Accounts.
no-accounts-yet = You have not linked an X account yet.
accounts-title = <b>Your accounts</b>
sign-unchecked = ⏳
not-checked-yet = not checked yet
account-title =
    { $handle ->
        [none] { $sign } <b>{ $name }</b> · not confirmed by X yet
       *[other] { $sign } <b>{ $name }</b> · { $handle }
    }
account-status = <code>{ $code }</code>{ status-since }{ status-checked }{ status-candidate }
status-since =
    { $since ->
        [none] { "" }
       *[other] { " " }since { $since }
    }
status-checked =
    { $checked ->
        [none] { "" }
       *[other] , checked { $checked }
    }
status-candidate =
    { $candidate ->
        [yes] , new values waiting
       *[no] { "" }
    }
account-doubted = X refused it at { $since }; I ask again before I believe it
account-undecided = X did not decide when I asked last (<code>{ $code }</code>); I ask again
account-pair-checked = since then only API Key and Secret, { $checked }
permission =
    { $permission ->
        [write] may read and write
        [messages] may read, write and send direct messages
        [read] may only read
       *[unknown] X did not say what it may do
    }
age =
    { $days ->
        [0] values from today
        [one] values { $days } day old
       *[other] values { $days } days old
    }
reminder-after = reminder after { $days } days
used-by = used by { $programs }
choose-verify = Which account shall I check?
choose-rotate = Which account gets new values?
choose-unlink = Which account shall I erase?
choose-diagnose = Which account is the report about?
choose-remind = Of which account shall I remind you to rotate?
choose-testpost = Which account shall I try?
choose-for-post = Which account shall publish it?
no-such-account = You have no account of that name.
another-name = Send /addx with another name, like <code>/addx main</code>.
too-many-accounts = You have { $limit } accounts, and that is the most one may have. Erase one with /unlink first.
ask-rotate = What did you regenerate in X for <b>{ $name }</b>? The old values stay in use until X accepts the new ones.
ask-unlink =
    { $handle ->
        [none] Erase <b>{ $name }</b> with its four values? This cannot be undone.
       *[other] Erase <b>{ $name }</b> ({ $handle }) with its four values? This cannot be undone.
    }

    <b>Revoke at X and erase</b> ends the token at X too: nothing that uses it, here or elsewhere, works any more. With <b>Erase</b> the token stays valid at X until you revoke or regenerate it there.
twin-updated = ✅ <b>{ $name }</b> has the new values now; the second entry is erased.

# Questions to X.
checking = Checking <b>{ $name }</b> with X …
checking-later = I asked X a moment ago. I check <b>{ $name }</b> { $wait } and tell you.
check-limit = <b>{ $name }</b> is kept, and not checked yet: I ask X at most { $limit } times an hour for you. The next check is possible at { $until } ({ $wait }).
no-candidate = No new values of <b>{ $name }</b> are waiting any more. /rotate takes new ones.
status-before = Before: <code>{ $code }</code>, since { $since }.
status-unchanged = Unchanged since { $since }.
handle-before = It was { $handle } before.
new-in-use = The new values are in use; the old ones are erased.
old-stay = The old values stay in use.
new-wait = The new values are kept until { $until }; the old ones stay in use.
same-x-account = It is the same X account as <b>{ $name }</b>. Keep both, or give these values to that one.

# News that nobody asked for.
news-died =
    { $how ->
        [program] { news-worked-until }X refused it to { $program } first, and to me when I asked.
       *[check] { news-worked-until }I asked X twice before I tell you.
    }
news-worked-until =
    { $worked_until ->
        [none] { "" }
       *[other] It worked until { $worked_until }.{ " " }
    }
news-recovered =
    { $since ->
        [none] It works again.
       *[other] It works again; X had refused it since { $since }.
    }
news-only-reads = X says so now; it did not before.
trouble-began =
    { $kind ->
        [refused] 🚧 To the owner of this bot: X refuses links of several apps at once that worked a short while ago, since { $since }. I tell their users nothing, and ask again until it is over.
        [away] 🚧 To the owner of this bot: X does not answer about links of several apps, or not in a way that I understand, since { $since }. I tell their users nothing, and ask again until it is over.
       *[clock] 🚧 To the owner of this bot: X refuses this server's time, since { $since }. I tell their users nothing, and ask again until it is over.
    }

    { $kind ->
        [refused] That is rarely the fault of so many people. Look at X's status page, and at what has changed here (addx doctor).
        [away] Look at X's status page and at this server's network (addx doctor).
       *[clock] Set the clock of this server; addx doctor shows by how much it is off.
    }
trouble-over = ✅ To the owner of this bot: X accepts links again. It did not since { $since }.
ask-reminder =
    { $age ->
        [none] When shall I remind you to give <b>{ $name }</b> new values? { reminder-now-set }
       *[other] When shall I remind you to give <b>{ $name }</b> ({ $age }) new values? { reminder-now-set }
    }
reminder-now-set =
    { $days ->
        [none] I do not remind you now.
       *[other] I remind you after { $days } days now.
    }
reminder-now = I remind you of <b>{ $name }</b> now, since its values are that old already.
reminder-set = I remind you on { $date } to give <b>{ $name }</b> new values.
reminder-off = I do not remind you of <b>{ $name }</b>.
rotate-due =
    { $age ->
        [none] ⏰ You wanted to be reminded to rotate <b>{ $name }</b>. Regenerate them in X, then give me the new ones; the old ones stay in use until X accepts the new.
       *[other] ⏰ You wanted to be reminded to rotate <b>{ $name }</b>: { $age }. Regenerate them in X, then give me the new ones; the old ones stay in use until X accepts the new.
    }

# Accounts that are gone.
-by-hand = Please end the token by hand: console.x.com → your app → Keys &amp; Tokens → Access Token → Revoke. Or, as the X account itself: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → Revoke app permissions.
backups =
    { $until ->
        [none] Copies of the database that this bot's operator made before may still hold the values, encrypted, until the operator deletes them; only the operator of this bot knows when that is. The API key pair in such a copy works until you regenerate it in X.
       *[other] Copies of the database that this bot's operator made before may still hold the values, encrypted, until { $until } at the latest. The API key pair in such a copy works until you regenerate it in X.
    }
revoking = I revoke the token of <b>{ $name }</b> at X, then I erase it here. A receipt follows.
erasing-after-post = A test post of <b>{ $name }</b> still stands at X. I delete it there first, then I erase the account here, and tell you.
unlinked = 🗑 <b>{ $name }</b> and its values are erased. To end the token at X too: console.x.com → your app → Keys &amp; Tokens → Access Token → Revoke.
receipt-title = 🧾 { $account } is gone
receipt-here = Erased here: API Key, API Secret, Access Token, Access Secret, the key that sealed them, and the link itself. /history keeps that there was one.
receipt-at-x =
    { $revocation ->
        [proven] At X: the token is revoked. I tried it afterwards, and X refuses it.
        [already_ended] At X: the token had ended before; X refuses it.
        [unproven] At X: X says that the token is revoked, but I could not see that X refuses it. To be sure: { -by-hand }
        [refused] At X: X refused my request, and did not say that the token has ended. { -by-hand }
        [not_asked] At X: a new token came without the API key pair of its app, so I could not end it. { -by-hand }
        [limited] At X: X took no more such requests for now, so the token may still work. { -by-hand }
        [unanswered] At X: X did not answer, so the token may still work. { -by-hand }
       *[none] At X: I could not ask X, so the token may still work. { -by-hand }
    }
panic = 🚨 This bot's operator has erased every account here and revoked the tokens at X, because of a danger to them. Your values are no longer held here.
panic-account =
    { $revocation ->
        [proven] • { $account }: revoked
        [already_ended] • { $account }: had ended before
        [unproven] • { $account }: revoked, not proven
        [refused] • { $account }: X refused
        [not_asked] • { $account }: the app's key pair is missing
        [limited] • { $account }: X took no more requests
        [unanswered] • { $account }: X did not answer
       *[none] • { $account }: had no token
    }
panic-by-hand = Not every token has ended for certain. { -by-hand }
panic-posts =
    Test posts that may still stand at X; please delete them there:
    { $posts }
panic-key-pair = Please regenerate the API key pair of your app too: console.x.com → your app → Keys &amp; Tokens → Consumer Key → Regenerate.

# Programs and posts. Prices are those of X's list (docs.x.com/x-api/getting-started/pricing): a post, one with a link, and reading
# five posts.
program-added = 🔌 The operator of this bot lets the program <b>{ $program }</b> publish with <b>{ $name }</b>. It never sees a key. If you do not want that, take it back.
no-programs = No program may use <b>{ $name }</b>.
program = • { $program }
programs =
    Programs that may use <b>{ $name }</b>:

    { $programs }

    None of them holds a key. /history shows what they did.
program-removed = ✓ <b>{ $program }</b> may no longer use <b>{ $name }</b>. Only the operator can give it back.
ask-test =
    Shall I post this with <b>{ $name }</b> and delete it at once?

    <blockquote>{ $post }</blockquote>

    Only a real post shows that publishing works. X charges about $0.015 for it, and for a moment people can see it. If X's answer gets lost, I look for the post among your last five to delete it, which costs at most $0.025 more.
ask-post =
    Publish this with { $account }?

    <blockquote>{ $post }</blockquote>

    { $link ->
        [yes] { $weight } of { $limit } characters, as X counts them. X charges about $0.20, since it has a link.
       *[no] { $weight } of { $limit } characters, as X counts them. X charges about $0.015.
    }
post-not-a-reply = Write the text as a message, then reply to that message with /post.
post-not-yours = I publish only your own messages. Reply with /post to one that you wrote.
post-not-text = I can only publish text. Reply with /post to a message without pictures or files.
post-blank = There is nothing in it to publish.
post-looks-secret = That looks like a key or token, so I do not publish it.
post-too-long = That is too long: X counts { $weight } characters and takes { $limit }. Send a shorter text, then reply to it with /post.
cannot-post = <b>{ $name }</b> cannot publish as it is. Check it again, and do what the answer says.
posting = Posting with <b>{ $name }</b> …
post-dropped = Nothing is published.
post-published =
    ✅ Published with <b>{ $name }</b>:
    { $link }
post-tested = ✅ <b>{ $name }</b> can publish: X took the test post, and it is deleted.
post-not-deleted =
    ⚠️ <b>{ $name }</b> can publish: X took the test post. I could not delete it; please delete it there:
    { $link }
post-stands =
    ⚠️ A test post of <b>{ $name }</b> may still stand at X, and I no longer have the values to delete it. Please delete it there:
    { $link }
post-refused = ⛔ { $what }. Nothing is published.
post-values-refused = ⛔ <b>{ $name }</b>: X refused the post, because it does not accept the values. Nothing is published. I ask X which of them it is, and tell you.
your-profile = your profile on x.com
post-unknown =
    { $test ->
        [yes] ❓ <b>{ $name }</b>: I do not know whether this is published, because X's answer did not reach me. I could not find it among your last posts. I do not try again by myself, so that it does not appear twice. Look here: { $profile }
       *[no] ❓ <b>{ $name }</b>: I do not know whether this is published, because X's answer did not reach me. I do not try again by myself, so that it does not appear twice. Look here: { $profile }
    }

    <blockquote>{ $post }</blockquote>

    { $test ->
        [yes] If it is there, delete it.
       *[no] If it is not there, send it again.
    }

# What is kept, and what happened.
my-data =
    What I hold about you, less the secrets ({ $part } of { $of }):

    <pre>{ $json }</pre>
no-history = Nothing has happened yet.
history =
    <b>What happened</b>, newest first

    { $entries }
past =
    { $since ->
        [none] { $at }: { $what }
       *[other] { $times ->
            [one] { $since } to { $at }: { $what }, { $times } time
           *[other] { $since } to { $at }: { $what }, { $times } times
        }
    }
happened =
    { $event ->
        [link] linked
        [check] checked with X
        [swap] new values in use
        [refuse] new values not taken
        [authorize] X gave out a token for a PIN
        [unlink] erased
        [revoke] revoked at X
        [panic] revoked and erased by the operator
        [merge] got the values of a second entry
        [expire] new values erased, since nobody decided
        [access_request] you asked to use this bot
        [access_grant] the owner let you in
        [access_refuse] the owner did not let you in
        [access_block] the owner blocked you
        [client_add] may be used by
        [client_revoke] may no longer be used by
        [client_take_back] you took it back from
        [use] used by
        [post] your message
        [test_post] test post
        [test_post_delete] the test post
       *[other] something else
    }
report =
    This report holds no value and no part of one, so you can show it to whoever helps you.

    <pre>addx { $version }
    made { $made }
    { report-verdict }
    since { report-since }
    checked { report-checked }
    accepted { report-accepted }
    confirmed by X: { $confirmed }
    { report-pair }
    { $values }
    { report-clock }
    messages still to delete: { $deletions }</pre>
report-verdict =
    { $status ->
        [none] { $verdict ->
            [none] verdict none yet
           *[other] verdict { $verdict }
        }
       *[other] verdict { $verdict } (HTTP { $status })
    }
report-since =
    { $since ->
        [none] never
       *[other] { $since }
    }
report-checked =
    { $checked ->
        [none] never
       *[other] { $checked }
    }
report-accepted =
    { $accepted ->
        [none] never
       *[other] { $accepted }
    }
report-pair =
    { $pair ->
        [none] key pair alone: not asked
        [accepted] key pair alone: accepted ({ $pair_at })
        [rejected] key pair alone: rejected ({ $pair_at })
        [app_suspended] key pair alone: app suspended ({ $pair_at })
       *[unknown] key pair alone: X did not say ({ $pair_at })
    }
report-clock =
    { $clock ->
        [none] clock: not compared yet
       *[other] clock: { $clock } s against X
    }
report-value =
    { $which ->
        [new] new { $field }: { $chars } characters, { report-shape }, since { $since }
       *[current] { $field }: { $chars } characters, { report-shape }, since { $since }
    }
report-shape =
    { $unusual ->
        [none] usual
        [unusual_length] usual length is { $usual }
        [unusual_characters] unusual characters
        [looks_like] looks like { $label }
        [labelled_as] was labelled { $label }
       *[told_by_order] told by order
    }

# Who may use the bot.
not-allowed = This bot serves a fixed list of people, and you are not on it. If you should be, give its operator your Telegram id: <code>{ $user }</code>. /privacy, /mydata, /cancel and /unlink work for everybody.
access-asked = This bot's owner decides who may use it. I have asked, and tell you the answer here. /privacy, /mydata, /cancel and /unlink work for everybody.
access-request = 🙋 <b>{ $person }</b> (<code>{ $user }</code>) wants to use this bot.
access-granted = ✅ The owner of this bot let you in.
access-refused = The owner of this bot did not let you in. /privacy, /mydata, /cancel and /unlink work for everybody.
access-set =
    { $standing ->
        [granted] <code>{ $user }</code> may use this bot now.
        [blocked] <code>{ $user }</code> may no longer use this bot, nor may programs use their accounts, which stay until they /unlink them.
       *[refused] <code>{ $user }</code> may not use this bot.
    }
no-guests = Nobody has asked to use this bot yet.
guest =
    { $standing ->
        [asked] <code>{ $user }</code> { $person }: asks, since { $since }
        [granted] <code>{ $user }</code> { $person }: may use it, since { $since }
        [refused] <code>{ $user }</code> { $person }: refused, since { $since }
       *[blocked] <code>{ $user }</code> { $person }: blocked, since { $since }
    }
guests =
    <b>People</b>

    { $people }

    /block takes it back.
block-whom = Whom? Send the Telegram user id, like <code>/block 123456789</code>. /users lists who asked.
