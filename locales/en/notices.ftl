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
code = Code: <code>{ $code }</code>
detail = <code>{ $detail }</code>
account = <b>{ $name }</b>
account-tried = <b>{ $name }</b> (new credentials)
account-on-x =
    { $handle ->
        [none] <b>{ $name }</b>
       *[other] <b>{ $name }</b> ({ $handle })
    }

# Around a dialog.
flow-open =
    { $what ->
        [link] You are linking <b>{ $name }</b>. Continue with it?
        [rotate] You are replacing the credentials of <b>{ $name }</b>. Continue with it?
       *[new] You are linking an account. Continue with it?
    }
flow-expired =
    { $what ->
        [link] ⏳ Linking <b>{ $name }</b> timed out after 30 minutes. What you entered is deleted.
        [rotate] ⏳ Replacing the credentials of <b>{ $name }</b> timed out after 30 minutes. What you entered is deleted.
       *[new] ⏳ Linking an account timed out after 30 minutes. What you entered is deleted.
    }
flow-deleted = I deleted your message, in case it was a credential.
nothing-to-cancel = There is nothing to cancel.
cancelled =
    { $values ->
        [0] Cancelled. You had not entered anything yet.
        [one] Cancelled. The field you entered is deleted.
       *[other] Cancelled. The { $values } fields you entered are deleted.
    }
token-stands = ℹ️ X issued a token for <b>{ $handle }</b>. It is not stored here. At X it stays valid until you revoke it. { -end-all-tokens }

# Messages that may hold a secret.
not-deleted =
    { $trying ->
        [yes] ⚠️ Telegram has not let me delete your message yet. I keep trying. To be safe, delete it yourself: press and hold it → Delete, and check “also delete for” if asked. Check your other devices too.
       *[no] ⚠️ I could not delete your message. Please delete it yourself: press and hold it → Delete, and check “also delete for” if asked. Check your other devices too.
    }
deleted-at-last = ✓ Your message is deleted now.
stray-secret =
    { $deleted ->
        [yes] 🔒 That looked like a key or token, so I deleted it. I did not ask for one. To link an account, send /addx.
       *[no] 🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete. I did not ask for one. To link an account, send /addx.
    }
stray-secret-in-group =
    { $deleted ->
        [yes] 🔒 That looked like a key or token, so I deleted it. Others could see it here: please regenerate it in X. Keys belong in the private chat.
       *[no] 🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete. Others could see it here: please regenerate it in X. Keys belong in the private chat.
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
account-status =
    { $candidate ->
        [yes] <code>{ $code }</code>{ status-since }{ status-checked }, new credentials waiting
       *[no] <code>{ $code }</code>{ status-since }{ status-checked }
    }
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
account-doubted = X rejected it at { $since }. A second check follows before I report it.
account-undecided = X did not decide at the last check (<code>{ $code }</code>). Another check follows.
account-pair-checked = Since then only API Key and Secret checked, { $checked }
permission =
    { $permission ->
        [write] can read and write
        [messages] can read, write and send direct messages
        [read] can only read
       *[unknown] permission unknown
    }
age =
    { $days ->
        [0] credentials from today
        [one] credentials { $days } day old
       *[other] credentials { $days } days old
    }
reminder-after =
    { $days ->
        [one] reminder after { $days } day
       *[other] reminder after { $days } days
    }
used-by = used by { $programs }
choose-verify = Which account should I check?
choose-rotate = Which account gets new credentials?
choose-unlink = Which account should I delete?
choose-diagnose = Which account is the report about?
choose-remind = Which account should I remind you to rotate?
choose-testpost = Which account should I test?
choose-for-post = Which account should publish it?
no-such-account = You have no account with this name.
another-name = Send /addx with another name, like <code>/addx main</code>.
too-many-accounts = You have { $limit } accounts, the maximum. Delete one with /unlink first.
ask-rotate = What did you regenerate in X for <b>{ $name }</b>? The old credentials stay in use until X accepts the new ones.
ask-unlink =
    { $handle ->
        [none] Unlink <b>{ $name }</b> and delete its credentials? This cannot be undone.
       *[other] Unlink <b>{ $name }</b> ({ $handle }) and delete its credentials? This cannot be undone.
    }

    <b>Revoke at X and erase</b>: deletes them and also revokes the token at X. Anything else that uses it stops working.
    <b>Erase</b>: deletes them here. The token stays valid at X until you revoke or regenerate it there.
    <b>Keep</b>: changes nothing.
twin-updated = ✅ <b>{ $name }</b> uses the new credentials now. The duplicate is deleted.

# Questions to X.
checking = Checking <b>{ $name }</b> with X …
checking-later = X was asked a moment ago. <b>{ $name }</b> will be checked at { $at }. The answer follows.
check-limit =
    { $unchecked ->
        [yes] <b>{ $name }</b>: stored, not checked yet. You have used your { $limit } checks for this hour. You can check it at { $until }.
       *[no] You have used your { $limit } checks for this hour. You can check <b>{ $name }</b> again at { $until }.
    }
no-candidate = No new credentials of <b>{ $name }</b> are waiting. Send /rotate to enter new ones.
status-before = Before: <code>{ $code }</code>, since { $since }.
status-unchanged = Unchanged since { $since }.
handle-before = The handle was { $handle } before.
new-in-use = The new credentials are in use. The old ones are deleted.
old-stay = The old credentials stay in use.
new-wait = The new credentials are stored until { $until }. The old ones stay in use.
same-x-account = This is the same X account as <b>{ $name }</b>. Keep both, or tap <b>Update { $name }</b> to move these credentials there.

# News that nobody asked for.
news-died =
    { $how ->
        [program] { $worked_until ->
            [none] X rejected it for the program { $program } first, then in my own check. Programs cannot post with it.
           *[other] Last accepted by X: { $worked_until }. X rejected it for the program { $program } first, then in my own check. Programs cannot post with it.
        }
       *[check] { $worked_until ->
            [none] X has rejected it twice. Programs cannot post with it.
           *[other] Last accepted by X: { $worked_until }. X has rejected it twice since. Programs cannot post with it.
        }
    }
news-recovered =
    { $since ->
        [none] It works again.
       *[other] It works again. X had rejected it since { $since }.
    }
news-only-reads = X did not say so at the previous check.
trouble-began =
    { $kind ->
        [refused] 🚧 Owner notice: X rejects accounts of several apps that worked a short while ago, since { $since }. Users are not notified. Checks continue until it is over.
        [away] 🚧 Owner notice: X does not answer for accounts of several apps, or sends unexpected responses, since { $since }. Users are not notified. Checks continue until it is over.
       *[clock] 🚧 Owner notice: X finds this server's time wrong, since { $since }. Users are not notified. Checks continue until it is over.
    }

    { $kind ->
        [refused] So many users are rarely at fault at once. Check X's status page and what has changed here (addx doctor).
        [away] Check X's status page and this server's network (addx doctor).
       *[clock] Set this server's clock. addx doctor shows how far it is off.
    }
trouble-over = ✅ Owner notice: X accepts accounts again. It had not since { $since }.
ask-reminder =
    { $age ->
        [none] When should I remind you to rotate <b>{ $name }</b>? { reminder-now-set }
       *[other] When should I remind you to rotate <b>{ $name }</b> ({ $age })? { reminder-now-set }
    }
reminder-now-set =
    { $days ->
        [none] The reminder is off.
        [one] The reminder is set to { $days } day.
       *[other] The reminder is set to { $days } days.
    }
reminder-now = The reminder for <b>{ $name }</b> is due now: its credentials are already that old.
reminder-set = On { $date } I will remind you to rotate <b>{ $name }</b>.
reminder-off = The reminder for <b>{ $name }</b> is off.
rotate-due =
    { $age ->
        [none] ⏰ Reminder: rotate <b>{ $name }</b>. Regenerate its credentials in X, then tap <b>Rotate</b>. The old ones stay in use until X accepts the new ones.
       *[other] ⏰ Reminder: rotate <b>{ $name }</b>: { $age }. Regenerate its credentials in X, then tap <b>Rotate</b>. The old ones stay in use until X accepts the new ones.
    }

# Accounts that are gone.
-by-hand = Revoke the token yourself: console.x.com → your app → Keys &amp; Tokens → Access Token → Revoke. Or, as the X account: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → Revoke app permissions.
backups =
    { $until ->
        [none] Backups: copies of the database that the operator made earlier can hold the credentials, encrypted, until the operator deletes them. Ask the operator when backups are deleted. The API key pair in such a copy works until you regenerate it in X.
       *[other] Backups: copies of the database that the operator made earlier can hold the credentials, encrypted, until { $until } at the latest. The API key pair in such a copy works until you regenerate it in X.
    }
revoking = Revoking the token of <b>{ $name }</b> at X. Then it is deleted here. A receipt follows.
erasing-after-post = A test post of <b>{ $name }</b> is still on X. I delete it there first, then the account here. A message follows.
unlinked = 🗑 <b>{ $name }</b> and its credentials are deleted. To revoke the token at X too: console.x.com → your app → Keys &amp; Tokens → Access Token → Revoke.
receipt-title = 🧾 { $account } is unlinked
receipt-here = Deleted here: API Key, API Secret, Access Token, Access Secret, their encryption key, and the account entry. /history keeps the event without the account name.
receipt-at-x =
    { $revocation ->
        [proven] At X: the token is revoked. X rejected it when I tried it afterwards.
        [already_ended] At X: the token was no longer valid before; X rejects it.
        [unproven] At X: X says that the token is revoked, but I could not confirm that X rejects it. To be sure: { -by-hand }
        [refused] At X: X rejected the request and did not say that the token is revoked. It may still work. { -by-hand }
        [not_asked] At X: a new token came without its app's API key pair, so I could not revoke it. { -by-hand }
        [limited] At X: X's request limit is reached, so the token may still work. { -by-hand }
        [unanswered] At X: X did not answer, so the token may still work. { -by-hand }
       *[none] At X: X could not be asked, so the token may still work. { -by-hand }
    }
panic = 🚨 The operator has deleted every account here and revoked the tokens at X, because they were at risk. Your credentials are no longer stored here.
panic-account =
    { $revocation ->
        [proven] • { $account }: revoked
        [already_ended] • { $account }: was no longer valid
        [unproven] • { $account }: X says revoked, not confirmed
        [refused] • { $account }: X rejected the request
        [not_asked] • { $account }: the app's key pair is missing
        [limited] • { $account }: X's request limit is reached
        [unanswered] • { $account }: X did not answer
       *[none] • { $account }: had no token
    }
panic-by-hand = Not every token is certainly revoked. { -by-hand }
panic-posts =
    Test posts that may still be on X. Please delete them there:
    { $posts }
panic-key-pair = Regenerate your app's API key pair too: console.x.com → your app → Keys &amp; Tokens → Consumer Key → Regenerate.

# Programs and posts. Prices are those of X's list (docs.x.com/x-api/getting-started/pricing): a post, one with a link, and reading
# five posts.
program-added = 🔌 The operator gave the program <b>{ $program }</b> access to <b>{ $name }</b>. It never receives your credentials. To remove the access, tap <b>Programs</b>.
no-programs = No program has access to <b>{ $name }</b>.
program = • { $program }
programs =
    Programs with access to <b>{ $name }</b>:

    { $programs }

    None of them receives your credentials. /history shows what they did.
program-removed = ✓ <b>{ $program }</b> no longer has access to <b>{ $name }</b>. Only the operator can give it back.
ask-test =
    Post this with <b>{ $name }</b> and delete it right away?

    <blockquote>{ $post }</blockquote>

    Only a real post shows that publishing works. X charges about $0.015 for it, and people can see it for a moment. If X's answer is lost, I look for the post among your last five to delete it. That costs at most $0.025 more.
ask-post =
    Publish this with { $account }?

    <blockquote>{ $post }</blockquote>

    { $link ->
        [yes] { $weight } of { $limit } characters, as X counts them. X charges about $0.20, since it has a link.
       *[no] { $weight } of { $limit } characters, as X counts them. X charges about $0.015.
    }
post-not-a-reply = Send the text as a message, then reply to that message with /post.
post-not-yours = I publish only your own messages. Reply with /post to one you wrote.
post-not-text = I can only publish text. Reply with /post to a message without pictures or files.
post-blank = There is nothing to publish in it.
post-looks-secret = That looks like a key or token, so I do not publish it.
post-too-long = That is too long: X counts { $weight } characters and accepts { $limit }. Send a shorter text, then reply to it with /post.
cannot-post = <b>{ $name }</b> cannot publish now. Tap <b>Check again</b> and follow the answer.
posting = Posting with <b>{ $name }</b> …
post-dropped = Nothing is published.
post-published =
    ✅ Published with <b>{ $name }</b>:
    { $link }
post-tested = ✅ <b>{ $name }</b> can publish: X accepted the test post, and it is deleted.
post-not-deleted =
    ⚠️ <b>{ $name }</b> can publish: X accepted the test post. I could not delete it. Please delete it there:
    { $link }
post-stands =
    ⚠️ A test post of <b>{ $name }</b> may still be on X. The credentials to delete it are no longer stored. Please delete it there:
    { $link }
post-refused = ⛔ { $what }. Nothing is published.
post-values-refused = ⛔ <b>{ $name }</b>: X rejected the credentials. Nothing is published. I am checking which of them is wrong; the answer follows.
your-profile = your profile on x.com
post-unknown =
    { $test ->
        [yes] ❓ <b>{ $name }</b>: it is unknown whether this is published, because X's answer did not arrive. It was not among your last posts. I do not retry automatically, so that it does not appear twice. Look here: { $profile }
       *[no] ❓ <b>{ $name }</b>: it is unknown whether this is published, because X's answer did not arrive. I do not retry automatically, so that it does not appear twice. Look here: { $profile }
    }

    <blockquote>{ $post }</blockquote>

    { $test ->
        [yes] If it is there, delete it.
       *[no] If it is not there, send it again.
    }

# What is kept, and what happened.
my-data = Everything stored about you, except secrets, as one file.
my-data-later = One file an hour: it stands above. Send /mydata again { $wait }.
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
        [swap] new credentials in use
        [refuse] new credentials not accepted
        [authorize] X issued a token for a PIN
        [unlink] deleted
        [revoke] revoked at X
        [panic] revoked and deleted by the operator
        [merge] received the credentials of a duplicate
        [expire] new credentials deleted: not accepted within 24 hours
        [access_request] you asked to use this bot
        [access_grant] the owner approved you
        [access_refuse] the owner refused you
        [access_block] the owner blocked you
        [client_add] access given to
        [client_revoke] access removed from
        [client_take_back] you removed the access of
        [use] used by
        [post] your message
        [test_post] test post
        [test_post_delete] test post deletion
       *[other] something else
    }
report =
    This report holds no credentials, not even parts of them. You can show it to anyone who helps you.

    <pre>addx { $version }
    made { $made }
    { report-verdict }
    since { report-since }
    checked { report-checked }
    accepted { report-accepted }
    { report-confirmed }
    { report-pair }
    { $values }
    { report-clock }
    messages still to delete: { $deletions }</pre>
report-confirmed =
    { $confirmed ->
        [yes] confirmed by X: yes
       *[no] confirmed by X: no
    }
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
not-allowed = This bot serves a fixed list of people, and you are not on it. If you should be, send the operator your Telegram ID: <code>{ $user }</code>. /privacy, /mydata, /cancel and /unlink work for everyone.
access-asked = This bot's owner decides who can use it. I have asked; the answer will appear here. /privacy, /mydata, /cancel and /unlink work for everyone.
access-request = 🙋 <b>{ $person }</b> (<code>{ $user }</code>) wants to use this bot.
access-granted = ✅ The owner of this bot approved you.
access-refused = The owner of this bot did not approve you. /privacy, /mydata, /cancel and /unlink work for everyone.
access-set =
    { $standing ->
        [granted] <code>{ $user }</code> can use this bot now.
        [blocked] <code>{ $user }</code> can no longer use this bot, and programs can no longer use their accounts. The accounts stay until they /unlink them.
       *[refused] <code>{ $user }</code> cannot use this bot.
    }
no-guests = No one has asked to use this bot yet.
guest =
    { $standing ->
        [asked] <code>{ $user }</code> { $person }: waiting, since { $since }
        [granted] <code>{ $user }</code> { $person }: approved, since { $since }
        [refused] <code>{ $user }</code> { $person }: refused, since { $since }
       *[blocked] <code>{ $user }</code> { $person }: blocked, since { $since }
    }
guests =
    <b>People</b>

    { $people }

    /block removes access.
block-whom = Who? Send the Telegram user ID, like <code>/block 123456789</code>. /users lists who asked.
