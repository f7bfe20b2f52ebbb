# What reads the same for everyone.

welcome =
    👋 I connect your X account, so that programs can publish for you. It takes about five minutes. You create an app in X's developer console and copy four credentials. I check each step and tell you what is wrong.

    Your messages with credentials are deleted right away, and the credentials are stored encrypted. See /privacy.
help =
    I connect X accounts with their API credentials and watch them.

    { $commands }
rechecks = I check your accounts with X automatically, usually once a day. If X rejects one, I check again later and compare with other accounts before I report it. When it works again, I report that too. /accounts shows the last check of each. Nothing is posted, and your credentials are shown to no one.
unknown-command = I do not know that command. /help lists what I can do.
nothing-asked = I did not ask for anything. /help lists what I can do.
private-chats-only = I work in private chats only, because keys do not belong in a group.
incident = ❌ Something went wrong on my side, and that was not completed. Please try again. If it happens again, send this number to the operator: <code>{ $id }</code>

guide =
    <b>How to link an X account, step by step</b>

    <b>1. Prepare</b>
    • Log in to X with the account that should publish. The developer console issues tokens for the app owner.
    • Open <a href="https://console.x.com">console.x.com</a>, accept the agreement, create an app (environment: Production).
    • X's API is prepaid: Billing → Credits.

    <b>2. Permission first</b>
    • Your app → User authentication settings → Set up.
    • App permissions: <i>Read and write</i>.
    • Callback URI and Website URL are required. Your own website or https://example.com/callback works.
    • Save. X now shows a Client ID and Client Secret: you do <b>not</b> need those.

    <b>3. Then the four credentials</b>  (Keys &amp; Tokens → OAuth 1.0 Keys)
    • <b>API Key</b> = Consumer Key
    • <b>API Secret</b> = API Key Secret, Consumer Secret, Secret Key
    • <b>Access Token</b> = begins with digits and a dash; press Generate
    • <b>Access Secret</b> = Access Token Secret
    X shows each secret once. Did you lose one? Regenerate makes a new pair.

    <b>4. Send them to me</b>: /addx, one at a time, or all four in one message. I check them with X and report the result.
    Instead of the Access Token and Secret: tap <b>Get it from X with a PIN</b> at the third step. That also links an X account other than the app owner's.

    <b>The five common mistakes</b>
    1. Only API Key and Secret copied: the access token pair is needed too.
    2. The app was still on Read when the token was generated: the token can only read.
    3. Permission changed, but the old token kept: regenerate the token <b>after</b> saving, then /rotate.
    4. Keys regenerated in X and not sent to me: /rotate.
    5. Credentials of two apps mixed: all four must come from one app.

    <b>If it fails</b>
    • 401 – a credential is wrong: /verify tells which one.
    • 403 on posting – the token can only read: mistake 2 or 3.
    • 403 not enrolled – Apps → Manage apps → Move to package → Pay-per-use → Production.
    • 402 – no credits: Billing → Credits.
    • 429 – too many requests: wait.

    <b>Safety</b>
    • Treat all four like passwords. Never post them, never send a screenshot.
    • Anyone who has them can post as you. When in doubt, regenerate in X, then /rotate.
    • /unlink deletes them here, and revokes the token at X if you want.

    <b>Checklist</b>
    ☐ Read and write saved  ☐ token generated after that  ☐ four credentials from one app  ☐ credits available

privacy =
    <b>What is stored, and what others see</b>

    • Your four credentials per account. Each is encrypted on its own and bound to your Telegram ID. The encryption key is stored apart from the database.
    • The name you chose, your X user ID and handle, X's last answer and its time, and the language I write in.
    • Your messages with credentials are deleted as soon as they arrive. If that fails, I retry for 48 hours and tell you.
    • Telegram itself can read what is sent to a bot. A notification on another device may have shown it before it was deleted.
    • X receives the credentials in signed requests: to check them (when you ask, and automatically, usually once a day) and to publish. No one else does. A PIN goes to X once and is not stored after that.
    • Programs can publish with an account if the operator gives them access. None receives a credential. /accounts shows them, and you can remove their access.
    • The text of a post is stored until its result is known. One that you do not confirm is stored for an hour or two.
    • Each action with an account is recorded, with its time and result: /history shows yours. These records hold no credentials. They stay after /unlink, without the account's name.
    • Where an owner decides who can use this bot: your first name at the time you asked, and the decision.
    • /mydata gives you everything stored about you, except secrets.
    • This bot's logs hold no credentials, no message texts and no names.
    • By sending credentials you agree to their storage. You can withdraw this at any time:
      /unlink deletes an account with its credentials, and revokes the token at X if you want. /cancel deletes what you entered in an open dialog.
    • An unfinished dialog is deleted after 30 minutes without input; new credentials that X has not accepted, after 24 hours.
    • Backups that the operator made earlier can hold the encrypted credentials until they are deleted.
    • The operator holds the encryption key and can decrypt your credentials. Make sure you know who that is.
