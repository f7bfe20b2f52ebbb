# What X says of an account. `verdict-CODE` is the sign that shows at a glance how it is; `.title` says what X did, `.reason` why, and
# `.next` the one next step. $asked is what X was asked for: check, pin or post.

-keys = <a href="https://console.x.com">console.x.com</a> → your app → Keys &amp; Tokens → OAuth 1.0 Keys
# How a token that can write is made. The order matters: X fixes a token's permission when it issues the token.
-write-token =
    1. In X: your app → User authentication settings → <i>Read and write</i> → Save.
    2. <b>Then</b> Keys &amp; Tokens → Access Token → Regenerate.
    3. Tap <b>Send new token pair</b> (or send /rotate) and send the new pair.
# A new key pair ends the token, so that one has to follow.
-key-pair-again =
    1. Copy the API Key and the API Secret again.
    2. Tap <b>Send new API key pair</b> and send both.
    If X no longer shows them: { -keys } → Consumer Key → Regenerate. That also ends the Access Token. Set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the token too, and use /rotate → All four.
-secret-again =
    1. Copy the Access Secret again.
    2. Tap <b>Send Access Secret again</b> and send it.
    If X no longer shows it: set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token, and use /rotate → Token pair.
-regenerate-later = set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token, and use /rotate → Token pair.
-callback = https://example.com/callback

verdict-connected = ✅
    .title = { $account } is connected as { $handle }
    .reason =
        { $permission ->
            [read_write_direct_messages] Permission: read, write and direct messages. It can publish.
           *[read_write] Permission: read and write. It can publish.
        }

verdict-connected-permission-unknown = ☑️
    .title = { $account } is connected as { $handle }, but posting may fail
    .reason = X did not say which permission the token has.
    .next = If a post fails later: { -regenerate-later }

verdict-read-only = ⚠️
    .title = { $account } is connected as { $handle }, but can only read
    .reason = The Access Token was generated while the app was set to Read. Changing the app does not change an existing token.
    .next =
        { -write-token }
        In step 3 you can also get the token pair from X with a PIN.

verdict-api-key-pair-rejected = ⛔
    .title = { $account }: X rejected the API Key and Secret
    .reason = The API Key or the API Secret is mistyped, incomplete, or replaced by a later Regenerate. X has not checked the access token pair yet.
    .next =
        { $asked ->
            [pin] Copy both again, tap <b>Enter API key pair again</b> and send them. If X no longer shows them: { -keys } → Consumer Key → Regenerate.
           *[check] { -key-pair-again }
        }

verdict-access-token-rejected = ⛔
    .title = { $account }: X rejected the Access Token
    .reason = The API Key and Secret are fine. The token is mistyped, regenerated, revoked, or from another app.
    .next = { -write-token }

verdict-access-secret-rejected = ⛔
    .title = { $account }: the Access Secret does not match the Access Token
    .reason = X knows the API Key, the API Secret and the Access Token. The Access Secret is mistyped, incomplete, or from an older token.
    .next = { -secret-again }

verdict-token-pair-rejected = ⛔
    .title = { $account }: X rejected the Access Token and Secret
    .reason = The API Key and Secret are fine. X does not say whether the Access Token or the Access Secret is wrong: mistyped, regenerated, revoked, or from another app.
    .next = { -write-token }

verdict-token-of-other-account = ⛔
    .title = { $account }: the new token belongs to another X account
    .reason = This account is { $handle } (user ID { $id }). The new token belongs to user ID { $found }: X's console issues tokens for the app owner. Link the other account separately with /addx.
    .next =
        1. Log in to X as { $handle }.
        2. Set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token.
        3. Tap <b>Send new token pair</b> (or send /rotate) and send the new pair.

verdict-pin-of-other-account = ⛔
    .title = { $account }: that was { $found }; expected { $handle }
    .reason = You were logged in to X as { $found } when you authorized the app. That token is not stored. Link { $found } separately with /addx.
    .next = Tap <b>Get a new link</b>, open it in a private browser window, and log in to X as { $handle }.

verdict-callback-not-set = ⚠️
    .title = { $account }: X needs a Callback URI in the app's settings first
    .reason = X accepts the API key pair. It issues PINs only for apps with a Callback URI. Any address works; it is never opened.
    .next =
        1. In X: console.x.com → your app → User authentication settings → Set up (or Edit).
        2. App permissions <i>Read and write</i>, Callback URI <code>{ -callback }</code>, Website URL <code>https://example.com</code> → Save.
        3. Tap <b>It is saved, try again</b>.

verdict-pin-rejected = ⛔
    .title = { $account }: X rejected this PIN
    .reason = The PIN is mistyped, already used, expired, or from another link.
    .next = If it was mistyped, send it again. Otherwise tap <b>Get a new link</b> and send the new PIN.

verdict-pin-spent = ⛔
    .title = { $account }: this PIN is no longer valid
    .reason = A PIN works once. X may have accepted it just before, but its answer did not arrive.
    .next = Tap <b>Get a new link</b> and send the new PIN.

verdict-same-values-again = ⚠️
    .title = { $account }: these credentials are already stored
    .reason =
        { $count ->
            [one] { $fields } is the same as before, so X was not asked.
           *[other] { $fields } are the same as before, so X was not asked.
        }
    .next =
        { $repair ->
            [fix-secret] { -secret-again }
            [fix-key] { -key-pair-again }
           *[fix-token] { -write-token }
        }

verdict-app-suspended = ⛔
    .title = { $account }: X has suspended the app
    .reason = Your credentials are not the cause. X rejects every request from this app.
    .next =
        { $asked ->
            [pin] Read X's notice at console.x.com. Then try again, or cancel and use another app.
           *[check] Read X's notice at console.x.com, or send the credentials of another app: /rotate → All four.
        }

verdict-user-suspended = ⛔
    .title = { $account }: X has suspended this X account
    .reason = Your credentials are not the cause. The X account itself is suspended.
    .next = Log in to x.com and follow X's notice. { again }

verdict-user-locked = ⛔
    .title = { $account }: X has locked this X account for now
    .reason = Your credentials are not the cause. X requires the account holder to log in.
    .next = Log in to x.com and unlock the account there. { again }

# Who has to enroll: the app, or the X user whose token it is.
verdict-not-enrolled = ⚠️
    .title =
        { $who ->
            [user] { $account }: the X account has no paid developer account yet
           *[app] { $account }: the app is not in an X API package yet
        }
    .reason =
        { $who ->
            [user] Your credentials are not the cause. X bills this app's requests to the user who owns the token.
           *[app] Your credentials are not the cause. X serves only apps that are in a package.
        }
    .next =
        { $who ->
            [user] In X: console.x.com → log in as that user, create a developer account, and enroll it in Pay-per-use. { again }
           *[app] In X: console.x.com → Apps → Manage apps → your app → Move to package → Pay-per-use → Production. { again }
        }

again =
    { $asked ->
        [pin] Then try again.
        [post] Then send the post again.
       *[check] Then check again.
    }

verdict-no-credits = ⚠️
    .title = { $account }: your X API credits are used up
    .reason = X answers that the prepaid credits are used up. Your credentials are fine.
    .next = In X: console.x.com → Billing → Credits. { again }

verdict-spend-cap-reached = ⚠️
    .title = { $account }: your X spending limit is reached
    .reason =
        { $date ->
            [none] X accepts no requests until the next billing cycle begins. Your credentials are fine.
           *[known] X accepts no requests until the next billing cycle begins on { $date }. Your credentials are fine.
        }
    .next = Raise the limit at console.x.com → Billing, or wait. { again }

verdict-rate-limited = ⏳
    .title =
        { $asked ->
            [post] { $account }: X's request limit is reached
           *[check] { $account } was not checked: X's request limit is reached
        }
    .reason =
        { $until ->
            [none] This app or account made too many requests, and X did not say for how long. This does not mean that your credentials are wrong.
           *[known] This app or account made too many requests. This does not mean that your credentials are wrong.
        }
    .next =
        { $until ->
            [none] { $asked ->
                [post] Send the post again in 15 minutes. A daily or monthly cap lasts longer.
                [pin] Try again in 15 minutes. A monthly cap lasts longer.
               *[check] Check again in 15 minutes. A monthly cap lasts longer.
            }
            [past] { $asked ->
                [post] Send the post again now.
                [pin] Try again now.
               *[check] Check again now.
            }
           *[known] { $asked ->
                [post] Send the post again at { $until }.
                [pin] Try again at { $until }.
               *[check] Check again at { $until }.
            }
        }

# What is known of this server's clock: nothing, that it agrees with X's, is off by as much as X tolerates, or by more.
verdict-clock-skew = ⏳
    .title =
        { $clock ->
            [agrees] { $account } was not checked: X finds this bot's time wrong
            [tolerated] { $account } was not checked: X finds this bot's time wrong
           *[unknown] { $account } was not checked: this bot's clock is wrong
        }
    .reason =
        { $clock ->
            [agrees] X says that the time of the bot's requests is out of bounds, although both clocks agree. This does not mean that your credentials are wrong.
            [tolerated] X says that the time of the bot's requests is out of bounds, although the clocks differ by only { $seconds } s. This does not mean that your credentials are wrong.
            [behind] The bot's clock is { $seconds } s behind X, so X rejects its signatures. This does not mean that your credentials are wrong.
            [ahead] The bot's clock is { $seconds } s ahead of X, so X rejects its signatures. This does not mean that your credentials are wrong.
           *[unknown] X says that the time of the bot's requests is out of bounds. This does not mean that your credentials are wrong.
        }
    .next = Ask the operator of this bot to set the clock. { again }

verdict-not-permitted = ⛔
    .title = { $account }: X does not permit this post, and does not say why
    .reason = X does this for unsolicited replies, some mentions and cashtags, moderated content, and read-only tokens.
    .next = Try a plain text with /testpost. If X rejects that too: { -regenerate-later }

verdict-duplicate = ⛔
    .title = { $account }: X already has this post
    .reason = X does not publish the same text twice.
    .next = Change the text and send it again.

verdict-x-unavailable = ⏳
    .title =
        { $asked ->
            [post] { $account }: X does not answer
           *[check] { $account } was not checked: X does not answer
        }
    .reason = X is down, slow, or out of reach. This does not mean that your credentials are wrong. They stay stored.
    .next =
        { $asked ->
            [post] Send the post again in a few minutes.
            [pin] Try again in a few minutes.
           *[check] Check again in a few minutes.
        }

verdict-unexpected = ❓
    .title = { $account }: unexpected response from X
    .reason =
        { $silent ->
            [yes] HTTP { $status } without a message. This does not mean that your credentials are wrong.
           *[no] HTTP { $status }: “{ $words }”. This does not mean that your credentials are wrong.
        }
    .next =
        { $asked ->
            [pin] Try again later. Or tap <b>Back</b> and paste the Access Token and Secret instead.
           *[check] Check again later. If it happens again, /diagnose makes a report for the operator.
        }
