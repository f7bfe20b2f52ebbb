# The card of an open dialog, and what it says about the last message.

title-new = 🔑 <b>Nueva cuenta de X</b>
title-link = 🔑 <b>{ $name }</b>
title-rotate = 🔄 <b>{ $name }</b> · nuevas credenciales
step = { $title } · Paso { $step } de { $total }
received = ✓ { $field }
key-pair =
    { $outcome ->
        [accepted] ✅ X acepta este par de claves API.
        [app_suspended] ⛔ X dice que la app de este par de claves está suspendida. Usa las claves de otra app, o mira console.x.com.
       *[rejected] ⛔ X rechazó este par de claves API. Pulsa <b>Reenviar claves API</b>, o continúa y arréglalo después.
    }
remark =
    { $times ->
        [0] ⚠️ { $what }
       *[other] ⚠️ Otra vez ({ $times }×): { $what }
    }

ask-name = Elige un nombre. Envía uno corto, como <code>main</code> o <code>shop</code>. Aparece en /accounts, no en X.
name-blank = Un nombre necesita al menos un carácter.
name-too-long = Un nombre puede tener como máximo 32 caracteres.
name-unprintable = Un nombre debe ser una línea de caracteres visibles.
name-looks-secret = Eso parece una clave, no un nombre, así que no lo guardé. Si otros pudieron verlo, regenéralo en X.
name-taken = Ya tienes una cuenta con este nombre.
name-unknown-command = No conozco ese comando, así que lo borré.
name-not-text = Aquí solo puedo usar texto, así que lo borré.
name-edited = No uso mensajes editados como respuestas, así que lo borré.

# What a field is called in X, and where to click.
ask-api-key =
    <b>API Key</b>  (X también la llama Consumer Key)
    { -keys } → Consumer Key
ask-api-secret =
    <b>API Secret</b>  (API Key Secret, Consumer Secret, Secret Key)
    { -keys }, junto a Consumer Key. X lo muestra una vez. Regenerate crea un par nuevo.
ask-access-token =
    <b>Access Token</b>
    { -keys } → Access Token → Generate
    Empieza con dígitos y un guion. Pon la app en <i>Read and write</i> <b>antes</b> de pulsar Generate; si no, el token solo puede leer.
ask-access-secret =
    <b>Access Secret</b>  (Access Token Secret)
    Está debajo del Access Token, en la misma ventana. No es el API Secret.
hint-all-four = ¿Tienes los cuatro? Pégalos en un mensaje; yo los ordeno.
hint-first-time = ¿Primera vez? Pulsa <b>Guía</b>: pon la app en <i>Read and write</i> antes de generar el Access Token.
hint-pin = Para una cuenta de X que no es la del dueño de la app, o sin token: pulsa <b>Obtenerlo con un PIN</b>.
promise =
    { $first ->
        [yes] Envíalo aquí. Borro tu mensaje enseguida y guardo cifrado lo que enviaste. Telegram puede leer lo que se envía a un bot. Al enviar credenciales aceptas que las guarde hasta que uses /unlink con la cuenta.
       *[no] Envíalo aquí. Borro tu mensaje enseguida y guardo cifrado lo que enviaste.
    }

# What is said about the last message.
got = Recibido: { $fields }.
cleaned = Quitado: { $what }.
repair =
    { $what ->
        [spaces] espacios alrededor
        [line_breaks] saltos de línea
        [invisible_characters] caracteres invisibles
        [full_width_characters] letras de ancho completo
        [long_dash] un guion largo
        [escapes] caracteres escapados
        [markup] marcas de formato
        [quotes] comillas
        [brackets] paréntesis
        [punctuation] puntuación
        [label] su etiqueta
        [bearer_prefix] la palabra Bearer
        [words] palabras alrededor
       *[pasted_twice] una segunda copia
    }
check-field = Revisa { $field }: { $why }.
unusual =
    { $what ->
        [unusual_length] tiene { $chars } caracteres; lo habitual son { $usual }
        [unusual_characters] tiene caracteres poco habituales
        [looks_like] parece: { $label }
        [labelled_as] su etiqueta dice: { $label }
       *[told_by_order] solo lo reconocí por su posición
    }
not-kept = No se necesita y no se guardó: { $what }.
forgotten = ↩️ Borrado: { $field }. Envíalo otra vez.
other-value =
    { $what ->
        [same_as] Es el mismo texto que { $other }. Se esperaba: { $field }.
       *[not_asked] Recibido: { $other }. Se queda como está. Se esperaba: { $field }.
    }
no-value =
    { $what ->
        [edited] No uso mensajes editados como respuestas, así que lo borré. Se espera en un mensaje nuevo: { $field }.
        [not_text] Aquí solo puedo usar texto, así que lo borré. Se espera como texto: { $field }.
       *[unknown_command] No conozco ese comando, así que lo borré. Se esperaba: { $field }. O pulsa <b>Cancelar</b>.
    }

doubt-kind = 🤔 Se esperaba: { $field }. Esto parece otra cosa: { $label }. Búscalo aquí: { -keys }.
doubt-unusual = 🤔 Se esperaba: { $field }. Es poco habitual: { $why }. Las apps antiguas varían, así que puede ser correcto.
doubt-other =
    { $asked ->
        [yes] 🤔 Se esperaba: { $field }. Esto parece: { $other }. ¿Usarlo como { $other }?
       *[no] 🤔 Se esperaba: { $field }. Esto parece: { $other }.
    }
value-waits = Tu mensaje está borrado. El texto se guarda cifrado hasta que elijas.
tap-first = ⚠️ Borré el mensaje que enviaste después. Pulsa antes un botón.

submitted = ✓ Las cuatro credenciales están aquí. La respuesta viene abajo.
submitted-new = ✓ Las nuevas credenciales están aquí. La respuesta viene abajo.
left = Cancelado.
timed-out = ⏳ Se agotó el tiempo de 30 minutos. Lo que escribiste está borrado. Envía /addx para empezar otra vez.
replaced = Reemplazado por un nuevo comienzo. Lo que escribiste está borrado.

# What a pasted text is, under the name X gives it.
kind =
    { $kind ->
        [url] dirección web
        [email] dirección de correo
        [username] nombre de usuario
        [masked] texto oculto
       *[other] { $label }
    }

paste-blank = Ese mensaje estaba vacío. Copia este campo en X y pégalo aquí: { $field }.
paste-too-long = Ese texto tiene { $chars } caracteres. Ninguna credencial es tan larga. Copia solo este campo: { $field }.
paste-inner-space = Hay un espacio o un salto de línea dentro. Copia otra vez este campo con el botón de copiar de X: { $field }.
paste-masked = Es la forma oculta, con puntos o asteriscos. X muestra cada campo una sola vez. Si ya no lo tienes, pulsa Regenerate en X y cópialo entonces: { $field }.
paste-not-ascii = Tiene letras que X nunca usa. ¿Está traducida la página? Desactiva la traducción y copia otra vez este campo: { $field }.
paste-wrong-kind =
    { $kind ->
        [value] Recibido: { $label }. Se esperaba: { $field }. Ambos están aquí: { -keys }.
        [telegram_bot_token] Recibido: el token de un bot de Telegram. Si es tuyo, revócalo con @BotFather. Se esperaba: { $field }. Búscalo aquí: { -keys }.
       *[other] Recibido: { $label }. Aquí no se necesita. Se esperaba: { $field }. Búscalo aquí: { -keys }.
    }
paste-not-an-access-token =
    { $label ->
        [none] Un Access Token empieza con dígitos y un guion; esto no. Búscalo aquí: { -keys } → Access Token.
       *[other] Un Access Token empieza con dígitos y un guion; esto no. Parece: { $label }. El Access Token está aquí: { -keys } → Access Token.
    }
paste-label-only = Recibido: solo la etiqueta “{ $label }”, sin su texto. Se esperaba: { $field }.
paste-same-twice = Dos campos tienen el mismo texto. Copia cada uno de su propia línea en X.
paste-ambiguous-several = Hay varias credenciales y no sé cuál es cuál. Envía solo este campo: { $field }.
paste-sentence = Eso parece una frase. Se esperaba: { $field }. Pulsa <b>Guía</b> para ver dónde está.

# Getting the token pair from X with a PIN.
pin-requesting = ⏳ Pidiendo a X un enlace de autorización …
pin-open =
    { $purpose ->
        [rotate]
            <b>Obtener el par de tokens de X con un PIN</b>
            1. Pulsa <b>Abrir X</b>. Inicia sesión con la cuenta de X vinculada aquí.
            2. X muestra el nombre de tu app y sus permisos. Pulsa <i>Authorize app</i>.
            3. X muestra un PIN de unos 7 dígitos. Envíalo aquí.
       *[link]
            <b>Obtener el par de tokens de X con un PIN</b>
            1. Pulsa <b>Abrir X</b>. Inicia sesión con la cuenta de X que quieres vincular.
            2. X muestra el nombre de tu app y sus permisos. Pulsa <i>Authorize app</i>.
            3. X muestra un PIN de unos 7 dígitos. Envíalo aquí.
    }
pin-other-login = ¿Hay otra persona con sesión abierta en X? Mantén pulsado <b>Abrir X</b>, copia el enlace y ábrelo en una ventana privada.
pin-promise = Borro tu mensaje enseguida. El enlace de autorización vale 30 minutos. El PIN sirve una vez. Ningún Access Secret pasa por este chat.
pin-exchanging = ⏳ Enviando el PIN a X. Tu mensaje está borrado …
pin-confirming =
    { $purpose ->
        [rotate] X emitió un token para <b>{ $handle }</b> (ID de usuario <code>{ $id }</code>). ¿Usar el nuevo token?
       *[link] X emitió un token para <b>{ $handle }</b> (ID de usuario <code>{ $id }</code>). ¿Vincularla?
    }
pin-revoking = ⏳ Revocando el token de <b>{ $handle }</b> en X …
pin-limit = ⏳ Has usado tus { $limit } enlaces de autorización de esta hora. El próximo: { $until } ({ $wait }).
pin-incident = ❌ Algo falló por mi parte. Inténtalo otra vez. Si vuelve a pasar, envía este número al operador: <code>{ $id }</code>
pin-title = <b>PIN</b>
pin-kept = Tu PIN se guarda cifrado, para probarlo otra vez.
pin-token-stands = En X el token sigue siendo válido hasta que lo revoques. { -end-all-tokens }

pin-private-window = Abre el nuevo enlace en una ventana privada del navegador e inicia sesión con la cuenta que quieras.
pin-revoked = ✓ Ese token está revocado en X. { pin-private-window }
pin-not-a-pin = Eso no es un PIN, así que lo borré. X muestra unos 7 dígitos. Envía el PIN, o pulsa <b>Atrás</b> para pegar el par de tokens.
pin-not-asked = Ese campo se queda como está, así que borré el mensaje. Envía el PIN.
pin-tap-first = Borré tu mensaje. Pulsa antes un botón.
pin-wait = Borré tu mensaje. X aún no ha respondido.
pin-not-text = Aquí solo puedo usar texto, así que lo borré. Escribe el PIN.
pin-edited = No uso mensajes editados como respuestas, así que lo borré. Envía el PIN en un mensaje nuevo.
pin-unknown-command = No conozco ese comando, así que lo borré. Envía el PIN, o pulsa <b>Cancelar</b>.
pin-wrong-account =
    Ese token no se guarda. En X sigue siendo válido hasta que lo revoques. { -end-all-tokens }

    { pin-private-window }
pin-not-revoked =
    No es seguro que X revocara ese token. Aquí no se guarda. Para estar seguro: { -end-all-tokens }

    { pin-private-window }
-end-all-tokens = Con esa cuenta de X: x.com → Settings → Security and account access → Apps and sessions → Connected apps → la app → Revoke app permissions. Esto revoca todos los tokens de la app para la cuenta.
