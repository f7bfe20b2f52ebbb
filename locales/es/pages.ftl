# What reads the same for everyone.

welcome =
    👋 Conecto tu cuenta de X para que los programas puedan publicar por ti. Lleva unos cinco minutos. Creas una app en la consola de desarrolladores de X y copias cuatro credenciales. Compruebo cada paso y te digo qué falla.

    Tus mensajes con credenciales se borran enseguida, y las credenciales se guardan cifradas. Mira /privacy.
help =
    Conecto cuentas de X con sus credenciales de API y las vigilo.

    { $commands }
rechecks = Compruebo tus cuentas con X automáticamente, normalmente una vez al día. Si X rechaza una, la compruebo de nuevo más tarde y la comparo con otras cuentas antes de avisarte. Cuando vuelve a funcionar, también te aviso. /accounts muestra la última comprobación de cada una. No se publica nada, y tus credenciales no se muestran a nadie.
unknown-command = No conozco ese comando. /help muestra lo que puedo hacer.
nothing-asked = No pedí nada. /help muestra lo que puedo hacer.
private-chats-only = Solo trabajo en chats privados, porque las claves no deben estar en un grupo.
incident = ❌ Algo falló por mi parte, y eso no se completó. Inténtalo otra vez. Si vuelve a pasar, envía este número al operador: <code>{ $id }</code>

guide =
    <b>Cómo vincular una cuenta de X, paso a paso</b>

    <b>1. Preparar</b>
    • Inicia sesión en X con la cuenta que debe publicar. La consola de desarrolladores emite tokens para el dueño de la app.
    • Abre <a href="https://console.x.com">console.x.com</a>, acepta el acuerdo, crea una app (environment: Production).
    • La API de X es de prepago: Billing → Credits.

    <b>2. Primero el permiso</b>
    • Tu app → User authentication settings → Set up.
    • App permissions: <i>Read and write</i>.
    • Callback URI y Website URL son obligatorios. Sirve tu propia web o https://example.com/callback.
    • Save. X muestra ahora un Client ID y un Client Secret: <b>no</b> los necesitas.

    <b>3. Después las cuatro credenciales</b>  (Keys &amp; Tokens → OAuth 1.0 Keys)
    • <b>API Key</b> = Consumer Key
    • <b>API Secret</b> = API Key Secret, Consumer Secret, Secret Key
    • <b>Access Token</b> = empieza con dígitos y un guion; pulsa Generate
    • <b>Access Secret</b> = Access Token Secret
    X muestra cada secreto una vez. ¿Perdiste uno? Regenerate crea un par nuevo.

    <b>4. Envíamelas</b>: /addx, una a una, o las cuatro en un mensaje. Las compruebo con X y te doy el resultado.
    En lugar del Access Token y el Access Secret: pulsa <b>Obtenerlo con un PIN</b> en el tercer paso. Así también se vincula una cuenta de X que no es la del dueño de la app.

    <b>Los cinco errores comunes</b>
    1. Solo se copiaron API Key y API Secret: también hace falta el par de tokens.
    2. La app seguía en Read al generar el token: el token solo puede leer.
    3. Permiso cambiado, pero token antiguo: regenera el token <b>después</b> de guardar, luego /rotate.
    4. Claves regeneradas en X y no enviadas aquí: /rotate.
    5. Credenciales de dos apps mezcladas: las cuatro deben ser de una app.

    <b>Si falla</b>
    • 401 – una credencial está mal: /verify dice cuál.
    • 403 al publicar – el token solo puede leer: error 2 o 3.
    • 403 not enrolled – Apps → Manage apps → Move to package → Pay-per-use → Production.
    • 402 – sin créditos: Billing → Credits.
    • 429 – demasiadas solicitudes: espera.

    <b>Seguridad</b>
    • Trata las cuatro como contraseñas. Nunca las publiques ni envíes una captura.
    • Quien las tenga puede publicar como tú. En caso de duda, regenéralas en X, luego /rotate.
    • /unlink las borra aquí, y revoca el token en X si quieres.

    <b>Lista</b>
    ☐ Read and write guardado  ☐ token generado después  ☐ cuatro credenciales de una app  ☐ créditos disponibles

privacy =
    <b>Qué se guarda y qué ven otros</b>

    • Tus cuatro credenciales por cuenta. Cada una se cifra por separado y va ligada a tu ID de Telegram. La clave de cifrado se guarda aparte de la base de datos.
    • El nombre que elegiste, tu ID y nombre de usuario de X, la última respuesta de X con su hora, y el idioma en que te escribo.
    • Tus mensajes con credenciales se borran en cuanto llegan. Si falla, lo reintento durante 48 horas y te aviso.
    • Telegram puede leer lo que se envía a un bot. Puede que una notificación en otro dispositivo lo mostrara antes de borrarse.
    • X recibe las credenciales en solicitudes firmadas: para comprobarlas (cuando lo pides, y automáticamente, normalmente una vez al día) y para publicar. Nadie más las recibe. Un PIN va a X una vez y después no se guarda.
    • Los programas pueden publicar con una cuenta si el operador les da acceso. Ninguno recibe una credencial. /accounts los muestra, y puedes quitarles el acceso.
    • El texto de una publicación se guarda hasta que se conoce su resultado. Uno que no confirmas se guarda una o dos horas.
    • Cada acción con una cuenta queda registrada, con su hora y resultado: /history muestra las tuyas. Estos registros no contienen credenciales. Se quedan después de /unlink, sin el nombre de la cuenta.
    • Donde un dueño decide quién puede usar este bot: tu nombre de pila de cuando lo pediste, y la decisión.
    • /mydata te da todo lo guardado sobre ti, excepto los secretos.
    • Los logs de este bot no contienen credenciales, textos de mensajes ni nombres.
    • Al enviar credenciales aceptas que se guarden. Puedes retirarlo cuando quieras:
      /unlink borra una cuenta con sus credenciales, y revoca el token en X si quieres. /cancel borra lo que escribiste en un diálogo abierto.
    • Un diálogo sin terminar se borra tras 30 minutos sin actividad; las nuevas credenciales que X no ha aceptado, tras 24 horas.
    • Las copias de seguridad que hizo antes el operador pueden contener las credenciales cifradas hasta que se borren.
    • El operador tiene la clave de cifrado y puede descifrar tus credenciales. Asegúrate de saber quién es.
