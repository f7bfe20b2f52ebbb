# Labels of buttons: at most 24 characters, without the names in them. `button-WORD` is the label of the action that is called so.

button-guide = Guide
button-accounts = Accounts
button-reminders = Remind me to rotate
button-rechecks = What is this?
button-add = Link an X account
button-add-another = Link another

button-back = Back
button-cancel = Cancel
button-handle = Use my X handle
button-anyway = Use it anyway
button-other = Use it as { $field }
button-as-asked = It is the { $field }
button-again = Send it again
button-keypair = Enter API key pair again
button-continue = Continue
button-over = Start over
button-cancel-it = Cancel it
button-pin = Get it from X with a PIN
button-new-link = Get a new link
button-pin-again = Try again
button-saved = It is saved, try again
button-this = Yes, this one
button-not-this = No, another account
button-revoke-this = No, and revoke it at X
button-copy-address = Copy the address
button-open-x = Open X
button-open-chat = Open the private chat

button-verify = Check again
button-candidate = Check again
button-rotate = Rotate
button-testpost = Test post
button-fix-key = Send new API key pair
button-fix-token = Send new token pair
button-fix-secret = Send Access Secret again
button-new-token = Token pair
button-new-key = API key pair
button-new-all = All four
button-use-app = Use the same app
button-use-app-of = Use the same app as { $name }
button-revoke = Revoke at X and erase
button-erase = Erase
button-keep = Keep
button-twin = Update { $name }
button-remind-30 = After 30 days
button-remind-90 = 90 days
button-remind-180 = 180 days
button-remind-365 = 365 days
button-remind-off = Never
button-programs = Programs
button-programs-of = Programs · { $name }
button-take = Take back from { $program }

button-approve = Approve
button-approve-person = Approve { $person }
button-refuse = Refuse
button-block = Block

button-publish = Publish
button-drop = Discard
button-post-and-delete = Post and delete
button-leave-it = Leave it

# Short answers to taps: at most 200 characters.

old-button = This button belongs to an earlier step. Please use the newest message.
account-gone = This account is no longer linked. /accounts lists your accounts.
