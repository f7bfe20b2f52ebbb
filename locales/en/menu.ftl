# Telegram's menu, and what stands in /help: at most 45 characters each.

menu-addx = link an X account, step by step
menu-accounts = your linked accounts and what X says of them
menu-verify = ask X again about an account
menu-rotate = give new keys after regenerating them in X
menu-unlink = erase an account and its keys
menu-testpost = see whether an account can publish: post something and delete it
menu-post = publish a message of yours: reply to it with this
menu-guide = where to find the four values in X, and what goes wrong
menu-cancel = leave what is under way and wipe what was entered
menu-diagnose = a report without secrets, to ask for help with
menu-history = what was done with your accounts, and when
menu-mydata = everything this bot holds about you, less the secrets
menu-privacy = what this bot keeps, and what Telegram still sees
menu-help = what this bot can do
help-command = { $command } – { $about }
