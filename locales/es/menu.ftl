# Telegram's menu and /help: at most 45 characters each. What a profile of the bot says: 512, and 120 for the short one.

menu-addx = vincular una cuenta de X, paso a paso
menu-accounts = tus cuentas vinculadas y su estado
menu-verify = comprobar de nuevo una cuenta con X
menu-rotate = cambiar credenciales regeneradas en X
menu-unlink = borrar una cuenta y sus credenciales
menu-testpost = publicar una prueba y borrarla
menu-post = publicar tu mensaje: respóndele con esto
menu-guide = dónde encontrar las credenciales en X
menu-cancel = cancelar y borrar lo que escribiste
menu-diagnose = un informe sin secretos, para pedir ayuda
menu-history = lo que se hizo con tus cuentas
menu-mydata = todo lo guardado sobre ti, sin secretos
menu-language = elegir el idioma del bot
menu-privacy = qué se guarda y qué ve Telegram
menu-help = qué puede hacer este bot
help-command = { $command } – { $about }

profile = Este bot conecta tu cuenta de X con sus credenciales de API, para que los programas puedan publicar por ti. Comprueba cada paso con X, vigila la conexión y te dice qué hacer cuando algo falla.
profile-short = Conecta cuentas de X para que los programas publiquen por ti. Pulsa Iniciar para vincular una.

# The name of this language in itself.
language-name = Español
ask-language = ¿Qué idioma debo usar?
language-set = Escribiré en español.
