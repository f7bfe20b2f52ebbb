# The card of an open dialog, and what it says about the last message.

title-new = 🔑 <b>New X account</b>
title-link = 🔑 <b>{ $name }</b>
title-rotate = 🔄 <b>{ $name }</b> · new values
step = { $title } · Step { $step } of { $total }
received = ✓ { $field }
key-pair =
    { $outcome ->
        [accepted] ✅ X accepts this API key pair.
        [app_suspended] ⛔ X says that the app of this key pair is suspended. Use the keys of another app, or see console.x.com.
       *[rejected] ⛔ X does not accept this API key pair. Enter it again with the button below, or go on and fix it later.
    }
remark =
    { $times ->
        [0] ⚠️ { $what }
       *[other] ⚠️ Again ({ $times }×): { $what }
    }

ask-name = How do you want to call it? Send a short name, like <code>main</code> or <code>shop</code>. You will see it in /accounts; nobody on X does.
name-blank = A name needs at least one character.
name-too-long = A name may have at most 32 characters.
name-unprintable = A name must be one line of visible characters.
name-looks-secret = That looks like a key, not like a name, so I did not keep it. If others could see it, regenerate it in X.
name-taken = You have an account of that name already.
name-unknown-command = I do not know that command, so I deleted it.
name-not-text = I can only take text here, so I deleted that.
name-edited = I do not take edited messages as answers, so I deleted it.

# What a value is called in X, and where to click.
ask-api-key =
    <b>API Key</b>  (X also calls it Consumer Key)
    { -keys } → Consumer Key
ask-api-secret =
    <b>API Secret</b>  (API Key Secret, Consumer Secret, Secret Key)
    { -keys }, beside the Consumer Key. X shows it once; Regenerate makes a new pair.
ask-access-token =
    <b>Access Token</b>
    { -keys } → Access Token → Generate
    It begins with digits and a dash. Set the app to <i>Read and write</i> <b>before</b> you press Generate, or the token can only read.
ask-access-secret =
    <b>Access Secret</b>  (Access Token Secret)
    It stands below the Access Token, in the same window. Not the API Secret from before.
hint-all-four = Have all four? Paste them in one message, I sort them.
hint-first-time = First time? Open the Guide: the app must be set to <i>Read and write</i> before you generate the Access Token.
hint-pin = Another X account than the app owner's, or no token yet? Get it from X with a PIN.
promise =
    { $first ->
        [yes] Send it here. I delete your message at once and keep the value encrypted. Telegram itself can read what is sent to a bot; by sending a value you agree that I keep it until you /unlink the account.
       *[no] Send it here. I delete your message at once and keep the value encrypted.
    }

# What is said about the last message.
got = Got { $fields }.
cleaned = I cleaned up { $what }.
repair =
    { $what ->
        [spaces] spaces around it
        [line_breaks] line breaks
        [invisible_characters] invisible characters
        [full_width_characters] full-width letters
        [long_dash] a long dash
        [escapes] escaped characters
        [markup] formatting marks
        [quotes] quotes
        [brackets] brackets
        [punctuation] punctuation
        [label] its name in front of it
        [bearer_prefix] the word Bearer
        [words] words around it
       *[pasted_twice] a second copy of it
    }
check-field = Please check the { $field }: { $why }.
unusual =
    { $what ->
        [unusual_length] it has { $chars } characters, and an { $field } usually has { $usual }
        [unusual_characters] it has characters that an { $field } usually does not have
        [looks_like] it looks like the { $label }
        [labelled_as] the name beside it says { $label }
       *[told_by_order] only the order told me which one it is
    }
not-kept = Not needed and not kept: { $what }.
forgotten = ↩️ I forgot the { $field }. Please send it again.
other-value =
    { $what ->
        [same_as] That is the same value as your { $other }. Please send the { $field }.
       *[not_asked] That is an { $other }, which stays as it is. Please send the { $field }.
    }
no-value =
    { $what ->
        [edited] I do not take edited messages as answers, so I deleted it. Please send the { $field } as a new message.
        [not_text] I can only take text here, so I deleted that. Please copy the { $field } and paste it as text.
       *[unknown_command] I do not know that command, so I deleted it. Please send the { $field }, or tap Cancel.
    }

doubt-kind = 🤔 I asked for the { $field }, and this looks like the { $label }, which is another thing. The { $field } stands under { -keys }.
doubt-unusual = 🤔 I asked for the { $field }, and this is unusual: { $why }. Old apps differ, so it may be right.
doubt-other =
    { $asked ->
        [yes] 🤔 I asked for the { $field }, and this looks like your { $other }. Use it as that?
       *[no] 🤔 I asked for the { $field }, and this looks like your { $other }.
    }
value-waits = Your message is deleted; the value waits, encrypted.
tap-first = ⚠️ I deleted the message after it. Please tap a button first.

submitted = ✓ All four values are in. The answer follows below.
submitted-new = ✓ The new values are in. The answer follows below.
left = Cancelled.
timed-out = ⏳ Nothing came for 30 minutes, so I stopped and wiped what you had entered. /addx starts again.
replaced = Replaced by a new start. What you had entered is wiped.

# What a pasted text is, under the name X gives it.
kind =
    { $kind ->
        [url] web address
        [email] e-mail address
        [username] username
        [masked] masked value
       *[other] { $label }
    }

paste-blank = That message was empty. Copy the { $field } in X and paste it here.
paste-too-long = That text has { $chars } characters; no value is that long. Please copy the { $field } alone.
paste-inner-space = There is a space or a line break inside that value. Copy the { $field } again with X's copy button.
paste-masked = That is the hidden form with dots or stars. X shows a value only once: if you no longer have the { $field }, press Regenerate in X and copy it then.
paste-not-ascii = That has letters X never uses. Is the page translated? Turn the translation off and copy the { $field } again.
paste-wrong-kind =
    { $kind ->
        [value] That is the { $label }, not the { $field }. Both stand under { -keys }.
        [pin] That looks like a number ({ $label }), not like a value. The { $field } stands under { -keys }.
        [app_id] That looks like a number ({ $label }), not like a value. The { $field } stands under { -keys }.
        [user_id] That looks like a number ({ $label }), not like a value. The { $field } stands under { -keys }.
        [telegram_bot_token] That is the token of a Telegram bot. If it is yours, revoke it with @BotFather. The { $field } comes from X: { -keys }.
        [email] That is an { $label }, not a value. The { $field } stands under { -keys }.
        [url] That is a { $label }, not a value. The { $field } stands under { -keys }.
        [username] That is a { $label }, not a value. The { $field } stands under { -keys }.
       *[other] That is the { $label }, which this link does not use. The { $field } stands in another section: { -keys }.
    }
paste-not-an-access-token =
    { $label ->
        [none] An Access Token begins with digits and a dash, and this does not. In X it stands under { -keys } → Access Token.
       *[other] An Access Token begins with digits and a dash, and this does not. It looks more like your { $label }. In X it stands under { -keys } → Access Token.
    }
paste-label-only = That is only the name “{ $label }” without the value beside it. Please copy the { $field } itself.
paste-same-twice = The same value stands there for two different things. Please copy each one from its own line in X.
paste-ambiguous-several = There are several values and I cannot tell which is which. Please send the { $field } alone.
paste-sentence = I read that as words, not as a value. Please send the { $field }; “Guide” below shows where it is.

# Getting the token pair from X with a PIN.
pin-requesting = ⏳ I ask X for a link …
pin-open =
    { $purpose ->
        [rotate]
            <b>Get the token from X with a PIN</b>
            1. Tap <b>Open X</b>. X asks you to log in: take the X account of this link.
            2. X shows your app's name and what it may do. Tap <i>Authorize app</i>.
            3. X shows a PIN of about 7 digits. Send it here.
       *[link]
            <b>Get the token from X with a PIN</b>
            1. Tap <b>Open X</b>. X asks you to log in: take the X account that you want to link.
            2. X shows your app's name and what it may do. Tap <i>Authorize app</i>.
            3. X shows a PIN of about 7 digits. Send it here.
    }
pin-other-login = Is somebody else logged in to X there? Press and hold the button, copy the link, and open it in a private window.
pin-promise = I delete your message at once. The link is good for 30 minutes, the PIN for one time. No Access Secret passes through this chat.
pin-exchanging = ⏳ I give X the PIN. Your message is deleted …
pin-confirming =
    { $purpose ->
        [rotate] X gave out a token for <b>{ $handle }</b> (X user <code>{ $id }</code>). Shall I use the new token?
       *[link] X gave out a token for <b>{ $handle }</b> (X user <code>{ $id }</code>). Is this the account that you want to link?
    }
pin-revoking = ⏳ I revoke the token of <b>{ $handle }</b> at X …
pin-limit = ⏳ I ask X for at most { $limit } links an hour for you. The next one is possible at { $until } ({ $wait }).
pin-incident = ❌ Something went wrong on my side. Please try again. If it stays, tell the operator this number: <code>{ $id }</code>
pin-title = <b>PIN</b>
pin-kept = I keep your PIN, encrypted, to try it again.
pin-token-stands = At X it stays valid until you end it. { -end-all-tokens }

pin-private-window = Open the new link in a private window of your browser, and log in as the account you want.
pin-revoked = ✓ That token is revoked at X. { pin-private-window }
pin-not-a-pin = That is no PIN: X shows about 7 digits. I deleted it. Please send the PIN, or tap Back to paste the token pair.
pin-not-asked = That is a value that stays as it is, so I deleted it. Please send the PIN.
pin-tap-first = I deleted your message. Please tap a button first.
pin-wait = I deleted your message, since I am still asking X.
pin-not-text = I can only take text here, so I deleted that. Please type the PIN.
pin-edited = I do not take edited messages as answers, so I deleted it. Please send the PIN as a new message.
pin-unknown-command = I do not know that command, so I deleted it. Please send the PIN, or tap Cancel.
pin-wrong-account =
    I did not keep that token. At X it stays valid until you end it. { -end-all-tokens }

    { pin-private-window }
pin-not-revoked =
    I could not see that X has ended that token, and I did not keep it. To be sure: { -end-all-tokens }

    { pin-private-window }
-end-all-tokens = As that X account: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → Revoke app permissions. This ends every token that the app has for the account.
