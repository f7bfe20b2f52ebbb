# The card of an open dialog, and what it says about the last message.

title-new = 🔑 <b>New X account</b>
title-link = 🔑 <b>{ $name }</b>
title-rotate = 🔄 <b>{ $name }</b> · new credentials
step = { $title } · Step { $step } of { $total }
received = ✓ { $field }
key-pair =
    { $outcome ->
        [accepted] ✅ X accepts this API key pair.
        [app_suspended] ⛔ X says that this key pair's app is suspended. Use the keys of another app, or see console.x.com.
       *[rejected] ⛔ X rejected this API key pair. Tap <b>Enter API key pair again</b>, or continue and fix it later.
    }
remark =
    { $times ->
        [0] ⚠️ { $what }
       *[other] ⚠️ Again ({ $times }×): { $what }
    }

ask-name = Choose a name. Send a short one, like <code>main</code> or <code>shop</code>. It appears in /accounts, not on X.
name-blank = A name needs at least one character.
name-too-long = A name can have at most 32 characters.
name-unprintable = A name must be one line of visible characters.
name-looks-secret = That looks like a key, not like a name, so I did not store it. If others could see it, regenerate it in X.
name-taken = You already have an account with this name.
name-unknown-command = I do not know that command, so I deleted it.
name-not-text = I can only use text here, so I deleted that.
name-edited = I do not use edited messages as answers, so I deleted it.

# What a field is called in X, and where to click.
ask-api-key =
    <b>API Key</b>  (X also calls it Consumer Key)
    { -keys } → Consumer Key
ask-api-secret =
    <b>API Secret</b>  (API Key Secret, Consumer Secret, Secret Key)
    { -keys }, beside the Consumer Key. X shows it once. Regenerate makes a new pair.
ask-access-token =
    <b>Access Token</b>
    { -keys } → Access Token → Generate
    It begins with digits and a dash. Set the app to <i>Read and write</i> <b>before</b> you press Generate; otherwise the token can only read.
ask-access-secret =
    <b>Access Secret</b>  (Access Token Secret)
    It is below the Access Token, in the same window. It is not the API Secret.
hint-all-four = Do you have all four? Paste them in one message; I sort them.
hint-first-time = First time? Tap <b>Guide</b>: set the app to <i>Read and write</i> before you generate the Access Token.
hint-pin = For an X account other than the app owner's, or without a token: tap <b>Get it from X with a PIN</b>.
promise =
    { $first ->
        [yes] Send it here. I delete your message right away and store what you sent encrypted. Telegram itself can read what is sent to a bot. By sending credentials you agree that I store them until you /unlink the account.
       *[no] Send it here. I delete your message right away and store what you sent encrypted.
    }

# What is said about the last message.
got = Received: { $fields }.
cleaned = Removed: { $what }.
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
        [label] its label
        [bearer_prefix] the word Bearer
        [words] words around it
       *[pasted_twice] a second copy of it
    }
check-field = Please check { $field }: { $why }.
unusual =
    { $what ->
        [unusual_length] it has { $chars } characters; the usual length is { $usual }
        [unusual_characters] it has unusual characters
        [looks_like] it looks like: { $label }
        [labelled_as] its label says: { $label }
       *[told_by_order] I recognized it only by its position
    }
not-kept = Not needed and not stored: { $what }.
forgotten = ↩️ Deleted: { $field }. Please send it again.
other-value =
    { $what ->
        [same_as] This is the same text as { $other }. Expected: { $field }.
       *[not_asked] Received: { $other }. It stays as it is. Expected: { $field }.
    }
no-value =
    { $what ->
        [edited] I do not use edited messages as answers, so I deleted it. Expected in a new message: { $field }.
        [not_text] I can only use text here, so I deleted that. Expected as text: { $field }.
       *[unknown_command] I do not know that command, so I deleted it. Expected: { $field }. Or tap <b>Cancel</b>.
    }

doubt-kind = 🤔 Expected: { $field }. This looks like something else: { $label }. Find it here: { -keys }.
doubt-unusual = 🤔 Expected: { $field }. This is unusual: { $why }. Old apps differ, so it can be right.
doubt-other =
    { $asked ->
        [yes] 🤔 Expected: { $field }. This looks like: { $other }. Use it as { $other }?
       *[no] 🤔 Expected: { $field }. This looks like: { $other }.
    }
value-waits = Your message is deleted. The text is stored encrypted until you choose.
tap-first = ⚠️ I deleted the message you sent after it. Please tap a button first.

submitted = ✓ All four credentials received. The answer follows below.
submitted-new = ✓ New credentials received. The answer follows below.
left = Cancelled.
timed-out = ⏳ Timed out after 30 minutes. What you entered is deleted. Send /addx to start again.
replaced = Replaced by a new start. What you entered is deleted.

# What a pasted text is, under the name X gives it.
kind =
    { $kind ->
        [url] web address
        [email] email address
        [username] username
        [masked] hidden text
       *[other] { $label }
    }

paste-blank = That message was empty. Copy this field in X and paste it here: { $field }.
paste-too-long = That text has { $chars } characters. No credential is that long. Please copy only this field: { $field }.
paste-inner-space = There is a space or a line break inside. Copy this field again with X's copy button: { $field }.
paste-masked = That is the hidden form with dots or stars. X shows each field only once. If you no longer have it, press Regenerate in X and copy it then: { $field }.
paste-not-ascii = That has letters X never uses. Is the page translated? Turn the translation off and copy this field again: { $field }.
paste-wrong-kind =
    { $kind ->
        [value] Received: { $label }. Expected: { $field }. Find both here: { -keys }.
        [telegram_bot_token] Received: a Telegram bot token. If it is yours, revoke it with @BotFather. Expected: { $field }. Find it here: { -keys }.
       *[other] Received: { $label }. It is not needed here. Expected: { $field }. Find it here: { -keys }.
    }
paste-not-an-access-token =
    { $label ->
        [none] An Access Token begins with digits and a dash; this does not. Find it here: { -keys } → Access Token.
       *[other] An Access Token begins with digits and a dash; this does not. It looks like: { $label }. Find the Access Token here: { -keys } → Access Token.
    }
paste-label-only = Received: only the label “{ $label }”, without its text. Expected: { $field }.
paste-same-twice = Two fields have the same text. Please copy each one from its own line in X.
paste-ambiguous-several = That has several credentials, and I cannot tell which is which. Please send only this field: { $field }.
paste-sentence = That looks like a sentence. Expected: { $field }. Tap <b>Guide</b> to see where it is.

# Getting the token pair from X with a PIN.
pin-requesting = ⏳ Asking X for an authorization link …
pin-open =
    { $purpose ->
        [rotate]
            <b>Get the token pair from X with a PIN</b>
            1. Tap <b>Open X</b>. Log in with the X account that is linked here.
            2. X shows your app's name and its permissions. Tap <i>Authorize app</i>.
            3. X shows a PIN of about 7 digits. Send it here.
       *[link]
            <b>Get the token pair from X with a PIN</b>
            1. Tap <b>Open X</b>. Log in with the X account you want to link.
            2. X shows your app's name and its permissions. Tap <i>Authorize app</i>.
            3. X shows a PIN of about 7 digits. Send it here.
    }
pin-other-login = Is someone else logged in to X there? Press and hold <b>Open X</b>, copy the link, and open it in a private window.
pin-promise = I delete your message right away. The authorization link is valid for 30 minutes. The PIN works once. No Access Secret passes through this chat.
pin-exchanging = ⏳ Sending the PIN to X. Your message is deleted …
pin-confirming =
    { $purpose ->
        [rotate] X issued a token for <b>{ $handle }</b> (user ID <code>{ $id }</code>). Use the new token?
       *[link] X issued a token for <b>{ $handle }</b> (user ID <code>{ $id }</code>). Link it?
    }
pin-revoking = ⏳ Revoking the token of <b>{ $handle }</b> at X …
pin-limit = ⏳ You have used your { $limit } authorization links for this hour. You can get the next one at { $until } ({ $wait }).
pin-incident = ❌ Something went wrong on my side. Please try again. If it happens again, send this number to the operator: <code>{ $id }</code>
pin-title = <b>PIN</b>
pin-kept = Your PIN is stored encrypted, to try it again.
pin-token-stands = At X the token stays valid until you revoke it. { -end-all-tokens }

pin-private-window = Open the new link in a private browser window, and log in with the account you want.
pin-revoked = ✓ That token is revoked at X. { pin-private-window }
pin-not-a-pin = That is not a PIN, so I deleted it. X shows about 7 digits. Please send the PIN, or tap <b>Back</b> to paste the token pair.
pin-not-asked = That field stays as it is, so I deleted the message. Please send the PIN.
pin-tap-first = I deleted your message. Please tap a button first.
pin-wait = I deleted your message. X has not answered yet.
pin-not-text = I can only use text here, so I deleted that. Please type the PIN.
pin-edited = I do not use edited messages as answers, so I deleted it. Please send the PIN as a new message.
pin-unknown-command = I do not know that command, so I deleted it. Please send the PIN, or tap <b>Cancel</b>.
pin-wrong-account =
    That token is not stored. At X it stays valid until you revoke it. { -end-all-tokens }

    { pin-private-window }
pin-not-revoked =
    It is not certain that X revoked that token. It is not stored here. To be sure: { -end-all-tokens }

    { pin-private-window }
-end-all-tokens = As that X account: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → Revoke app permissions. This revokes all of the app's tokens for the account.
