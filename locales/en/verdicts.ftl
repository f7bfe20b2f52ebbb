# What X says of an account. `verdict-CODE` is the sign that shows at a glance how it is; `.title` says what X did, `.reason` why, and
# `.next` the one next step. $asked is what X was asked for: check, pin or post.

-keys = <a href="https://console.x.com">console.x.com</a> → your app → Keys &amp; Tokens → OAuth 1.0 Keys
# How a token that may write is made. The order matters: X fixes what a token may do when it is issued.
-write-token = In X: your app → User authentication settings → <i>Read and write</i> → Save, <b>then</b> Keys &amp; Tokens → Access Token → Regenerate. Send me the new pair with the button below (or /rotate).
# A new key pair ends the token, so that one has to follow.
-key-pair-again = Copy both again and send them with the button below. If X no longer shows them: { -keys } → Consumer Key → Regenerate. That ends the Access Token too: set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the token as well, and use /rotate → All four.
-secret-again = Copy the Access Secret again and send it with the button below. If X no longer shows it: set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token, and use /rotate → Token pair.
-regenerate-later = set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token, and use /rotate → Token pair.
-callback = https://example.com/callback

verdict-connected = ✅
    .title = { $account } is connected as { $handle }
    .reason =
        { $permission ->
            [read_write_direct_messages] It may read, write and send direct messages, so it can publish.
           *[read_write] It may read and write, so it can publish.
        }

verdict-connected-permission-unknown = ☑️
    .title = { $account } is connected as { $handle }, but may be unable to post
    .reason = X did not say which permission the token has.
    .next = If a post fails later: { -regenerate-later }

verdict-read-only = ⚠️
    .title = { $account } is connected as { $handle }, but can only read
    .reason = The Access Token was generated while the app was set to Read. Changing the app does not change a token that exists.
    .next = { -write-token } There you can also get it from X with a PIN.

verdict-api-key-pair-rejected = ⛔
    .title = { $account }: X does not accept the API Key and Secret
    .reason = One of the two is mistyped, cut off, or older than the last Regenerate. The Access Token was not judged.
    .next =
        { $asked ->
            [pin] Copy both again and send them: tap the button below. If X no longer shows them: { -keys } → Consumer Key → Regenerate.
           *[check] { -key-pair-again }
        }

verdict-access-token-rejected = ⛔
    .title = { $account }: X does not accept the Access Token
    .reason = API Key and Secret are fine. The token is mistyped, regenerated, revoked, or made by another app.
    .next = { -write-token }

verdict-access-secret-rejected = ⛔
    .title = { $account }: the Access Secret does not fit the Access Token
    .reason = API Key, API Secret and Access Token are known to X. The Access Secret is mistyped, cut off, or of an older token.
    .next = { -secret-again }

verdict-token-pair-rejected = ⛔
    .title = { $account }: X does not accept the Access Token and Secret
    .reason = API Key and Secret are fine. X does not say which of the other two is wrong: they may be mistyped, regenerated, revoked, or of another app.
    .next = { -write-token }

verdict-token-of-other-account = ⛔
    .title = { $account }: the new token belongs to another X account
    .reason = This link is for { $handle } (X user { $id }), the new token is of X user { $found }: X's console gives out tokens of the app's owner. The other account gets a link of its own with /addx.
    .next = Log in to X as { $handle }, set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token. Send me the new pair with the button below (or /rotate).

verdict-pin-of-other-account = ⛔
    .title = { $account }: that was { $found }; expected { $handle }
    .reason = X was open as { $found } when you authorised the app. I did not keep that token. { $found } gets a link of its own with /addx.
    .next = Get a new link, open it in a private window of your browser, and log in to X as { $handle }.

verdict-callback-not-set = ⚠️
    .title = { $account }: X wants a Callback URI in the app's settings first
    .reason = X knows the API key pair. It gives out PINs only for apps that have a Callback URI; any address will do, it is never opened.
    .next = In X: console.x.com → your app → User authentication settings → Set up (or Edit) → App permissions <i>Read and write</i>, Callback URI <code>{ -callback }</code>, Website URL <code>https://example.com</code> → Save. Then try again.

verdict-pin-rejected = ⛔
    .title = { $account }: X does not take this PIN
    .reason = It is mistyped, used already, too old, or of another link.
    .next = Send it again if it was mistyped. Otherwise get a new link, and send the PIN that X shows then.

verdict-pin-spent = ⛔
    .title = { $account }: X does not take this PIN any more
    .reason = A PIN is good for one time. X may have taken it just before, when its answer did not reach me.
    .next = Get a new link, and send the PIN that X shows then.

verdict-same-values-again = ⚠️
    .title = { $account }: you sent the values that it has already
    .reason =
        { $count ->
            [one] { $fields } is the same as before, so I did not ask X.
           *[other] { $fields } are the same as before, so I did not ask X.
        }
    .next =
        { $repair ->
            [fix-secret] { -secret-again }
            [fix-key] { -key-pair-again }
           *[fix-token] { -write-token }
        }

verdict-app-suspended = ⛔
    .title = { $account }: X has suspended the app
    .reason = The values are not the problem; X lets nobody in with this app.
    .next =
        { $asked ->
            [pin] Look at console.x.com for X's notice. Then try again, or cancel and use another app.
           *[check] Look at console.x.com for X's notice, or give me the values of another app: /rotate → All four.
        }

verdict-user-suspended = ⛔
    .title = { $account }: X has suspended this X account
    .reason = The values are not the problem; the account itself is suspended.
    .next = Log in to x.com and follow X's notice. { again }

verdict-user-locked = ⛔
    .title = { $account }: X has locked this X account for now
    .reason = The values are not the problem; X wants the user to log in.
    .next = Log in to x.com and unlock the account there. { again }

# Who has to enrol: the app, or the X user whose token it is.
verdict-not-enrolled = ⚠️
    .title =
        { $who ->
            [user] { $account }: its X user has no paid developer account yet
           *[app] { $account }: the app is in no package of X's API yet
        }
    .reason =
        { $who ->
            [user] The values are not the problem; X bills this app's requests to the user whose token it is.
           *[app] The values are not the problem; X answers only apps that are in a package.
        }
    .next =
        { $who ->
            [user] In X: console.x.com → log in as that user, create a developer account, and enrol it in Pay-per-use. { again }
           *[app] In X: console.x.com → Apps → Manage apps → your app → Move to package → Pay-per-use → Production. { again }
        }

again =
    { $asked ->
        [pin] Then try again.
       *[check] Then check again.
    }

verdict-no-credits = ⚠️
    .title = { $account }: the keys are good, the wallet is empty
    .reason = X answers that the prepaid credits are used up. The values are fine.
    .next = In X: console.x.com → Billing → Credits. { again }

verdict-spend-cap-reached = ⚠️
    .title = { $account }: the keys are good, the spending limit is reached
    .reason =
        { $date ->
            [none] X takes no requests until the next billing cycle begins. The values are fine.
           *[known] X takes no requests until the next billing cycle begins on { $date }. The values are fine.
        }
    .next = Raise the limit at console.x.com → Billing, or wait. { again }

verdict-rate-limited = ⏳
    .title =
        { $asked ->
            [post] { $account }: X asks for a pause
           *[check] { $account } could not be checked: X asks for a pause
        }
    .reason =
        { $asked ->
            [post] Too many requests were made with this app or account.
           *[check] { $until ->
                [none] Too many requests were made with this app or account, and X did not say for how long. That says nothing about the values.
               *[known] Too many requests were made with this app or account. That says nothing about the values.
            }
        }
    .next =
        { $until ->
            [none] { $asked ->
                [post] Send it again in 15 minutes; a cap for a day or a month lasts longer.
                [pin] Try again in 15 minutes; a monthly cap lasts longer.
               *[check] Check again in 15 minutes; a monthly cap lasts longer.
            }
            [past] { $asked ->
                [post] Send it again now.
                [pin] Try again now.
               *[check] Check again now.
            }
           *[known] { $asked ->
                [post] Send it again at { $until } ({ $wait }).
                [pin] Try again at { $until } ({ $wait }).
               *[check] Check again at { $until } ({ $wait }).
            }
        }

# What is known of this server's clock: nothing, that it agrees with X's, is off by as much as X tolerates, or by more.
verdict-clock-skew = ⏳
    .title =
        { $clock ->
            [agrees] { $account } could not be checked: X refuses this bot's time
            [tolerated] { $account } could not be checked: X refuses this bot's time
           *[unknown] { $account } could not be checked: this bot's clock is wrong
        }
    .reason =
        { $clock ->
            [agrees] X says that the time of my requests is out of bounds, though our clocks agree. That says nothing about the values.
            [tolerated] X says that the time of my requests is out of bounds, though our clocks differ by only { $seconds } s. That says nothing about the values.
            [behind] My server is { $seconds } s behind X, so X refuses what I sign. That says nothing about the values.
            [ahead] My server is { $seconds } s ahead of X, so X refuses what I sign. That says nothing about the values.
           *[unknown] X says that the time of my requests is out of bounds. That says nothing about the values.
        }
    .next = Please tell the operator of this bot to set the clock. { again }

verdict-not-permitted = ⛔
    .title = { $account }: X does not permit this post, and does not say why
    .reason = X answers so to replies that nobody asked for, to some mentions and cashtags, to what it moderates, and to tokens that may only read.
    .next = Try a plain text with /testpost. If that is refused too: { -regenerate-later }

verdict-duplicate = ⛔
    .title = { $account }: X has this post already
    .reason = X does not publish the same text twice.
    .next = Change the text, and send it again.

verdict-x-unavailable = ⏳
    .title =
        { $asked ->
            [post] { $account }: X does not answer
           *[check] { $account } could not be checked: X does not answer
        }
    .reason =
        { $asked ->
            [post] X is out of reach.
           *[check] X is down, too slow, or out of reach. That says nothing about the values; they are kept.
        }
    .next =
        { $asked ->
            [post] Send it again in a few minutes.
            [pin] Try again in a few minutes.
           *[check] Check again in a few minutes.
        }

verdict-unexpected = ❓
    .title = { $account }: X gave an answer that I do not know
    .reason =
        { $silent ->
            [yes] X answered { $status }, without words. Nothing is decided about the values.
           *[no] X answered { $status }: “{ $words }”. Nothing is decided about the values.
        }
    .next =
        { $asked ->
            [pin] Try again later, or tap Back and paste the Access Token and Secret instead.
           *[check] Check again later. If it stays so, /diagnose makes a report that you can show to the operator.
        }
