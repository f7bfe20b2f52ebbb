# What reads the same for everybody.

welcome =
    👋 I link your X account, so that programs can publish for you. It takes about five minutes: you create an app in X's console, copy four values, and I check each step and tell you what is wrong.

    Your messages with values are deleted at once, and the values are kept encrypted. /privacy says more.
help =
    I link X accounts by their four API values and watch over them.

    { $commands }
rechecks = I ask X about your accounts by myself, usually once a day, whether it still accepts their values. If X refuses one, I ask again after a while, and compare with other accounts, before I tell you; when it works again, I tell you too. /accounts shows when each was checked last. Nothing is posted, and your values are not shown to anybody.
unknown-command = I do not know that command. /help lists what I can do.
nothing-asked = I was not asking for anything. /help lists what I can do.
private-chats-only = I work in private chats only, because keys do not belong in a group.
incident = ❌ Something went wrong on my side, and I could not finish that. Please try again. If it stays, tell the operator this number: <code>{ $id }</code>

guide =
    <b>Linking an X account, from the beginning</b>

    <b>1. Prepare</b>
    • Log in to X as the account that shall publish: the console gives out tokens of the app's owner.
    • Open <a href=\"https://console.x.com\">console.x.com</a>, accept the agreement, create an app (environment: Production).
    • X's API is prepaid: Billing → Credits.

    <b>2. Permission first</b>
    • Your app → User authentication settings → Set up.
    • App permissions: <i>Read and write</i>.
    • Callback URI and Website URL are required; your own website or https://example.com/callback will do.
    • Save. X now shows a Client ID and Client Secret: you do <b>not</b> need those.

    <b>3. Then the four values</b>  (Keys &amp; Tokens → OAuth 1.0 Keys)
    • <b>API Key</b> = Consumer Key
    • <b>API Secret</b> = API Key Secret, Consumer Secret, Secret Key
    • <b>Access Token</b> = begins with digits and a dash; press Generate
    • <b>Access Secret</b> = Access Token Secret
    X shows each secret once. Lost one? Regenerate makes a new pair.

    <b>4. Send them to me</b>: /addx, one at a time, or all four in one message. I check them with X and say what is true.
    Instead of the Access Token and Secret: <b>Get it from X with a PIN</b>, at the third step. That also links another X account than the app owner's.

    <b>The five common mistakes</b>
    1. Only API Key and Secret copied: the token pair is needed too.
    2. The app was still on Read when the token was generated: it can only read.
    3. Permission changed, but the old token kept: regenerate the token <b>after</b> saving, then /rotate.
    4. Keys regenerated in X and not given to me: /rotate.
    5. Values of two apps mixed: all four must come from one app.

    <b>If it fails</b>
    • 401 – a value is wrong: /verify tells which one.
    • 403 on posting – the token can only read: mistake 2 or 3.
    • 403 not enrolled – Apps → Manage apps → Move to package → Pay-per-use → Production.
    • 402 – no credits: Billing → Credits.
    • 429 – too many requests: wait.

    <b>Safety</b>
    • Treat all four like passwords. Never post them, never send a screenshot.
    • Whoever has them can post as you. If in doubt, regenerate in X, then /rotate.
    • /unlink erases them here, and revokes the token in X if you want.

    <b>Checklist</b>
    ☐ Read and write saved  ☐ token generated after that  ☐ four values from one app  ☐ credits there

privacy =
    <b>What I keep, and what others see</b>

    • I keep your four values per account, each encrypted on its own, bound to your Telegram id; the key lies apart from the database.
    • I keep the name you chose, your X user id and handle, X's last answer, and when it came.
    • I delete your messages with values right after I get them. Should that fail, I try for 48 hours and tell you.
    • Telegram itself can read what is sent to a bot, and a notification on another device may have shown it before I deleted it.
    • X gets the values, signed into requests, to check them (when you ask, and by itself, usually once a day) and to publish. Nobody else
      does. A PIN goes to X once and is not kept.
    • Programs may publish with an account if the operator lets them; none gets a value. /accounts shows them, and you can take it back.
    • The text of a post is kept until it is known what became of it, one that you do not confirm for an hour or two.
    • I note what was done with which account, when, and how it ended: /history shows yours. These notes hold no value, and they stay after /unlink, without the account's name.
    • Where an owner decides who may use this bot, I keep the first name you had when you asked, and the decision.
    • /mydata gives you everything I hold about you, less the secrets.
    • Logs of this bot hold no values, no message texts and no names.
    • Sending a value is your consent to keep it. You can take it back at any time:
      /unlink erases an account with its values, and revokes the token at X if you want, /cancel wipes what is half entered.
    • What nobody finishes is wiped after 30 minutes; new values that X could not judge, after 24 hours.
    • Backups that the operator made before may still hold the encrypted values until they are thrown away.
    • Who runs this bot decides about its key. Ask them if you do not know them.
