# What X says of an account. `verdict-CODE` is the sign that shows at a glance how it is; `.title` says what X did, `.reason` why, and
# `.next` the one next step. $asked is what X was asked for: check, pin or post.

-keys = <a href="https://console.x.com">console.x.com</a> → tu app → Keys &amp; Tokens → OAuth 1.0 Keys
# How a token that can write is made. The order matters: X fixes a token's permission when it issues the token.
-write-token =
    1. En X: tu app → User authentication settings → <i>Read and write</i> → Save.
    2. <b>Después</b> Keys &amp; Tokens → Access Token → Regenerate.
    3. Pulsa <b>Enviar nuevos tokens</b> (o envía /rotate) y envía el par nuevo.
# A new key pair ends the token, so that one has to follow.
-key-pair-again =
    1. Copia otra vez la API Key y el API Secret.
    2. Pulsa <b>Enviar nuevas claves API</b> y envía las dos.
    Si X ya no las muestra: { -keys } → Consumer Key → Regenerate. Eso también anula el Access Token. Pon la app en <i>Read and write</i>, Save, <b>después</b> regenera también el token, y usa /rotate → Las cuatro.
-secret-again =
    1. Copia otra vez el Access Secret.
    2. Pulsa <b>Reenviar Access Secret</b> y envíalo.
    Si X ya no lo muestra: pon la app en <i>Read and write</i>, Save, <b>después</b> regenera el Access Token, y usa /rotate → Par de tokens.
-regenerate-later = pon la app en <i>Read and write</i>, Save, <b>después</b> regenera el Access Token, y usa /rotate → Par de tokens.
-callback = https://example.com/callback

verdict-connected = ✅
    .title = { $account } está conectada como { $handle }
    .reason =
        { $permission ->
            [read_write_direct_messages] Permiso: leer, escribir y mensajes directos. Puede publicar.
           *[read_write] Permiso: leer y escribir. Puede publicar.
        }

verdict-connected-permission-unknown = ☑️
    .title = { $account } está conectada como { $handle }, pero publicar puede fallar
    .reason = X no dijo qué permiso tiene el token.
    .next = Si falla una publicación: { -regenerate-later }

verdict-read-only = ⚠️
    .title = { $account } está conectada como { $handle }, pero solo puede leer
    .reason = El Access Token se generó mientras la app estaba en Read. Cambiar la app no cambia un token existente.
    .next =
        { -write-token }
        En el paso 3 también puedes obtener el par de tokens de X con un PIN.

verdict-api-key-pair-rejected = ⛔
    .title = { $account }: X rechazó la API Key y el API Secret
    .reason = La API Key o el API Secret está mal escrito, incompleto o reemplazado por un Regenerate posterior. X aún no ha comprobado el par de tokens.
    .next =
        { $asked ->
            [pin] Copia otra vez las dos, pulsa <b>Reenviar claves API</b> y envíalas. Si X ya no las muestra: { -keys } → Consumer Key → Regenerate.
           *[check] { -key-pair-again }
        }

verdict-access-token-rejected = ⛔
    .title = { $account }: X rechazó el Access Token
    .reason = La API Key y el API Secret son correctos. El token está mal escrito, regenerado, revocado o es de otra app.
    .next = { -write-token }

verdict-access-secret-rejected = ⛔
    .title = { $account }: el Access Secret no corresponde al Access Token
    .reason = X conoce la API Key, el API Secret y el Access Token. El Access Secret está mal escrito, incompleto o es de un token anterior.
    .next = { -secret-again }

verdict-token-pair-rejected = ⛔
    .title = { $account }: X rechazó el Access Token y el Access Secret
    .reason = La API Key y el API Secret son correctos. X no dice si falla el Access Token o el Access Secret: mal escrito, regenerado, revocado o de otra app.
    .next = { -write-token }

verdict-token-of-other-account = ⛔
    .title = { $account }: el nuevo token es de otra cuenta de X
    .reason = Esta cuenta es { $handle } (ID de usuario { $id }). El nuevo token es del ID de usuario { $found }: la consola de X emite tokens para el dueño de la app. Vincula la otra cuenta aparte con /addx.
    .next =
        1. Inicia sesión en X como { $handle }.
        2. Pon la app en <i>Read and write</i>, Save, <b>después</b> regenera el Access Token.
        3. Pulsa <b>Enviar nuevos tokens</b> (o envía /rotate) y envía el par nuevo.

verdict-pin-of-other-account = ⛔
    .title = { $account }: era { $found }; se esperaba { $handle }
    .reason = Habías iniciado sesión en X como { $found } al autorizar la app. Ese token no se guarda. Vincula { $found } aparte con /addx.
    .next = Pulsa <b>Nuevo enlace</b>, ábrelo en una ventana privada del navegador e inicia sesión en X como { $handle }.

verdict-callback-not-set = ⚠️
    .title = { $account }: X necesita antes un Callback URI en los ajustes de la app
    .reason = X acepta el par de claves API. Solo emite PIN para apps con un Callback URI. Sirve cualquier dirección; nunca se abre.
    .next =
        1. En X: console.x.com → tu app → User authentication settings → Set up (o Edit).
        2. App permissions <i>Read and write</i>, Callback URI <code>{ -callback }</code>, Website URL <code>https://example.com</code> → Save.
        3. Pulsa <b>Guardado, reintentar</b>.

verdict-pin-rejected = ⛔
    .title = { $account }: X rechazó este PIN
    .reason = El PIN está mal escrito, ya se usó, caducó o es de otro enlace.
    .next = Si estaba mal escrito, envíalo otra vez. Si no, pulsa <b>Nuevo enlace</b> y envía el PIN nuevo.

verdict-pin-spent = ⛔
    .title = { $account }: este PIN ya no es válido
    .reason = Un PIN sirve una vez. Puede que X lo aceptara justo antes, pero su respuesta no llegó.
    .next = Pulsa <b>Nuevo enlace</b> y envía el PIN nuevo.

verdict-same-values-again = ⚠️
    .title = { $account }: estas credenciales ya están guardadas
    .reason =
        { $count ->
            [one] { $fields } es igual que antes, así que no se preguntó a X.
           *[other] { $fields } son iguales que antes, así que no se preguntó a X.
        }
    .next =
        { $repair ->
            [fix-secret] { -secret-again }
            [fix-key] { -key-pair-again }
           *[fix-token] { -write-token }
        }

verdict-app-suspended = ⛔
    .title = { $account }: X ha suspendido la app
    .reason = Tus credenciales no son la causa. X rechaza todas las solicitudes de esta app.
    .next =
        { $asked ->
            [pin] Lee el aviso de X en console.x.com. Después reinténtalo, o cancela y usa otra app.
           *[check] Lee el aviso de X en console.x.com, o envía las credenciales de otra app: /rotate → Las cuatro.
        }

verdict-user-suspended = ⛔
    .title = { $account }: X ha suspendido esta cuenta de X
    .reason = Tus credenciales no son la causa. La propia cuenta de X está suspendida.
    .next = Inicia sesión en x.com y sigue el aviso de X. { again }

verdict-user-locked = ⛔
    .title = { $account }: X ha bloqueado esta cuenta de X por ahora
    .reason = Tus credenciales no son la causa. X exige que el titular inicie sesión.
    .next = Inicia sesión en x.com y desbloquea allí la cuenta. { again }

# Who has to enroll: the app, or the X user whose token it is.
verdict-not-enrolled = ⚠️
    .title =
        { $who ->
            [user] { $account }: la cuenta de X aún no tiene una cuenta de desarrollador de pago
           *[app] { $account }: la app aún no está en un paquete de la API de X
        }
    .reason =
        { $who ->
            [user] Tus credenciales no son la causa. X cobra las solicitudes de esta app al usuario dueño del token.
           *[app] Tus credenciales no son la causa. X solo atiende a apps que están en un paquete.
        }
    .next =
        { $who ->
            [user] En X: console.x.com → inicia sesión como ese usuario, crea una cuenta de desarrollador e inscríbela en Pay-per-use. { again }
           *[app] En X: console.x.com → Apps → Manage apps → tu app → Move to package → Pay-per-use → Production. { again }
        }

again =
    { $asked ->
        [pin] Después reinténtalo.
        [post] Después envía la publicación otra vez.
       *[check] Después comprueba de nuevo.
    }

verdict-no-credits = ⚠️
    .title = { $account }: tus créditos de la API de X se han agotado
    .reason = X responde que los créditos de prepago se han agotado. Tus credenciales son correctas.
    .next = En X: console.x.com → Billing → Credits. { again }

verdict-spend-cap-reached = ⚠️
    .title = { $account }: has alcanzado tu límite de gasto en X
    .reason =
        { $date ->
            [none] X no acepta solicitudes hasta el próximo ciclo de facturación. Tus credenciales son correctas.
           *[known] X no acepta solicitudes hasta que empiece el próximo ciclo de facturación, el { $date }. Tus credenciales son correctas.
        }
    .next = Sube el límite en console.x.com → Billing, o espera. { again }

verdict-rate-limited = ⏳
    .title =
        { $asked ->
            [post] { $account }: se alcanzó el límite de solicitudes de X
           *[check] { $account } no se comprobó: se alcanzó el límite de solicitudes de X
        }
    .reason =
        { $until ->
            [none] Esta app o cuenta hizo demasiadas solicitudes, y X no dijo por cuánto tiempo. Esto no significa que tus credenciales estén mal.
           *[known] Esta app o cuenta hizo demasiadas solicitudes. Esto no significa que tus credenciales estén mal.
        }
    .next =
        { $until ->
            [none] { $asked ->
                [post] Envía la publicación otra vez en 15 minutos. Un límite diario o mensual dura más.
                [pin] Reinténtalo en 15 minutos. Un límite mensual dura más.
               *[check] Comprueba de nuevo en 15 minutos. Un límite mensual dura más.
            }
            [past] { $asked ->
                [post] Envía la publicación otra vez ahora.
                [pin] Reinténtalo ahora.
               *[check] Comprueba de nuevo ahora.
            }
           *[known] { $asked ->
                [post] Envía la publicación otra vez: { $until }.
                [pin] Reinténtalo: { $until }.
               *[check] Comprueba de nuevo: { $until }.
            }
        }

# What is known of this server's clock: nothing, that it agrees with X's, is off by as much as X tolerates, or by more.
verdict-clock-skew = ⏳
    .title =
        { $clock ->
            [agrees] { $account } no se comprobó: a X no le vale la hora de este bot
            [tolerated] { $account } no se comprobó: a X no le vale la hora de este bot
           *[unknown] { $account } no se comprobó: el reloj de este bot está mal
        }
    .reason =
        { $clock ->
            [agrees] X dice que la hora de las solicitudes del bot está fuera de rango, aunque los dos relojes coinciden. Esto no significa que tus credenciales estén mal.
            [tolerated] X dice que la hora de las solicitudes del bot está fuera de rango, aunque los relojes solo difieren en { $seconds } s. Esto no significa que tus credenciales estén mal.
            [behind] El reloj del bot va { $seconds } s por detrás de X, así que X no admite sus firmas. Esto no significa que tus credenciales estén mal.
            [ahead] El reloj del bot va { $seconds } s por delante de X, así que X no admite sus firmas. Esto no significa que tus credenciales estén mal.
           *[unknown] X dice que la hora de las solicitudes del bot está fuera de rango. Esto no significa que tus credenciales estén mal.
        }
    .next = Pide al operador de este bot que ponga en hora el reloj. { again }

verdict-not-permitted = ⛔
    .title = { $account }: X no permite esta publicación y no dice por qué
    .reason = X lo hace con respuestas no solicitadas, algunas menciones y cashtags, contenido moderado y tokens de solo lectura.
    .next = Prueba un texto simple con /testpost. Si X también lo rechaza: { -regenerate-later }

verdict-duplicate = ⛔
    .title = { $account }: X ya tiene esta publicación
    .reason = X no publica dos veces el mismo texto.
    .next = Cambia el texto y envíalo otra vez.

verdict-x-unavailable = ⏳
    .title =
        { $asked ->
            [post] { $account }: X no responde
           *[check] { $account } no se comprobó: X no responde
        }
    .reason = X está caído, lento o fuera de alcance. Esto no significa que tus credenciales estén mal. Siguen guardadas.
    .next =
        { $asked ->
            [post] Envía la publicación otra vez en unos minutos.
            [pin] Reinténtalo en unos minutos.
           *[check] Comprueba de nuevo en unos minutos.
        }

verdict-unexpected = ❓
    .title = { $account }: respuesta inesperada de X
    .reason =
        { $silent ->
            [yes] HTTP { $status } sin mensaje. Esto no significa que tus credenciales estén mal.
           *[no] HTTP { $status }: “{ $words }”. Esto no significa que tus credenciales estén mal.
        }
    .next =
        { $asked ->
            [pin] Reinténtalo más tarde. O pulsa <b>Atrás</b> y pega el Access Token y el Access Secret.
           *[check] Comprueba de nuevo más tarde. Si vuelve a pasar, /diagnose prepara un informe para el operador.
        }
