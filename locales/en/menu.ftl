# Telegram's menu and /help: at most 45 characters each. What a profile of the bot says: 512, and 120 for the short one.

menu-addx = link an X account, step by step
menu-accounts = your linked accounts and their status
menu-verify = check an account with X again
menu-rotate = replace credentials you regenerated in X
menu-unlink = delete an account and its credentials
menu-testpost = publish a test post and delete it
menu-post = publish your message: reply to it with this
menu-guide = where to find the credentials in X
menu-cancel = cancel and delete what you entered
menu-diagnose = a report without secrets, to get help
menu-history = what was done with your accounts
menu-mydata = everything stored about you, except secrets
menu-language = choose the bot's language
menu-privacy = what is stored, and what Telegram sees
menu-help = what this bot can do
help-command = { $command } – { $about }

profile = This bot connects your X account with its API credentials, so that programs can publish for you. It checks every step with X, watches the connection, and tells you what to do when something breaks.
profile-short = Connects X accounts, so that programs can publish for you. Tap Start to link one.

# The name of this language in itself.
language-name = English
ask-language = Which language should I use?
language-set = I will write in English.
