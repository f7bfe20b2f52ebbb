# What the bot says besides the card: answers to commands, X's answers, news, receipts.

# Times and lists.
at-time = { $time } UTC
at-day = { $day } { month-short } { $time } UTC
at-yesterday = ayer { $time } UTC
date = { $day } de { month-long } de { $year }
month-short =
    { $month ->
        [1] ene
        [2] feb
        [3] mar
        [4] abr
        [5] may
        [6] jun
        [7] jul
        [8] ago
        [9] sep
        [10] oct
        [11] nov
       *[12] dic
    }
month-long =
    { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    }
in-seconds = en { $n } s
in-minutes = en { $n } min
in-hours = en { $n } h
list-and = { $first } y { $last }
code = Código: <code>{ $code }</code>
detail = <code>{ $detail }</code>
account = <b>{ $name }</b>
account-tried = <b>{ $name }</b> (nuevas credenciales)
account-on-x =
    { $handle ->
        [none] <b>{ $name }</b>
       *[other] <b>{ $name }</b> ({ $handle })
    }

# Around a dialog.
flow-open =
    { $what ->
        [link] Estás vinculando <b>{ $name }</b>. ¿Continuar?
        [rotate] Estás cambiando las credenciales de <b>{ $name }</b>. ¿Continuar?
       *[new] Estás vinculando una cuenta. ¿Continuar?
    }
flow-expired =
    { $what ->
        [link] ⏳ La vinculación de <b>{ $name }</b> agotó los 30 minutos. Lo que escribiste está borrado.
        [rotate] ⏳ El cambio de credenciales de <b>{ $name }</b> agotó los 30 minutos. Lo que escribiste está borrado.
       *[new] ⏳ La vinculación de una cuenta agotó los 30 minutos. Lo que escribiste está borrado.
    }
flow-deleted = Borré tu mensaje, por si era una credencial.
nothing-to-cancel = No hay nada que cancelar.
cancelled =
    { $values ->
        [0] Cancelado. Aún no habías escrito nada.
        [one] Cancelado. El campo que escribiste está borrado.
       *[other] Cancelado. Los { $values } campos que escribiste están borrados.
    }
token-stands = ℹ️ X emitió un token para <b>{ $handle }</b>. Aquí no se guarda. En X sigue siendo válido hasta que lo revoques. { -end-all-tokens }

# Messages that may hold a secret.
not-deleted =
    { $trying ->
        [yes] ⚠️ Telegram aún no me ha dejado borrar tu mensaje. Sigo intentándolo. Para estar seguro, bórralo tú: mantenlo pulsado → Borrar, y marca “borrar también para” si lo pregunta. Mira también en tus otros dispositivos.
       *[no] ⚠️ No pude borrar tu mensaje. Bórralo tú: mantenlo pulsado → Borrar, y marca “borrar también para” si lo pregunta. Mira también en tus otros dispositivos.
    }
deleted-at-last = ✓ Tu mensaje ya está borrado.
stray-secret =
    { $deleted ->
        [yes] 🔒 Eso parecía una clave o un token, así que lo borré. No pedí ninguno. Para vincular una cuenta, envía /addx.
       *[no] 🔒 Eso parece una clave o un token, y no pude borrarlo. Bórralo tú: mantenlo pulsado → Borrar. No pedí ninguno. Para vincular una cuenta, envía /addx.
    }
stray-secret-in-group =
    { $deleted ->
        [yes] 🔒 Eso parecía una clave o un token, así que lo borré. Otros pudieron verlo aquí: regenéralo en X. Las claves van en el chat privado.
       *[no] 🔒 Eso parece una clave o un token, y no pude borrarlo. Bórralo tú: mantenlo pulsado → Borrar. Otros pudieron verlo aquí: regenéralo en X. Las claves van en el chat privado.
    }

# Accounts.
no-accounts-yet = Aún no has vinculado una cuenta de X.
accounts-title = <b>Tus cuentas</b>
sign-unchecked = ⏳
not-checked-yet = sin comprobar
account-title =
    { $handle ->
        [none] { $sign } <b>{ $name }</b> · X aún no la ha confirmado
       *[other] { $sign } <b>{ $name }</b> · { $handle }
    }
account-status =
    { $candidate ->
        [yes] <code>{ $code }</code>{ status-since }{ status-checked }, nuevas credenciales en espera
       *[no] <code>{ $code }</code>{ status-since }{ status-checked }
    }
status-since =
    { $since ->
        [none] { "" }
       *[other] { " " }desde { $since }
    }
status-checked =
    { $checked ->
        [none] { "" }
       *[other] , comprobada { $checked }
    }
account-doubted = X la rechazó: { $since }. Una segunda comprobación sigue antes de avisarte.
account-undecided = X no decidió en la última comprobación (<code>{ $code }</code>). Sigue otra comprobación.
account-pair-checked = Desde entonces solo se comprobaron API Key y API Secret, { $checked }
permission =
    { $permission ->
        [write] puede leer y escribir
        [messages] puede leer, escribir y enviar mensajes directos
        [read] solo puede leer
       *[unknown] permiso desconocido
    }
age =
    { $days ->
        [0] credenciales de hoy
        [one] credenciales de hace { $days } día
       *[other] credenciales de hace { $days } días
    }
reminder-after =
    { $days ->
        [one] recordatorio a { $days } día
       *[other] recordatorio a los { $days } días
    }
used-by = la usan: { $programs }
choose-verify = ¿Qué cuenta compruebo?
choose-rotate = ¿Qué cuenta recibe nuevas credenciales?
choose-unlink = ¿Qué cuenta borro?
choose-diagnose = ¿De qué cuenta es el informe?
choose-remind = ¿Qué cuenta te recuerdo rotar?
choose-testpost = ¿Qué cuenta pruebo?
choose-for-post = ¿Qué cuenta debe publicarlo?
no-such-account = No tienes ninguna cuenta con este nombre.
another-name = Envía /addx con otro nombre, como <code>/addx main</code>.
too-many-accounts = Tienes { $limit } cuentas, el máximo. Borra antes una con /unlink.
ask-rotate = ¿Qué regeneraste en X para <b>{ $name }</b>? Las credenciales antiguas siguen en uso hasta que X acepte las nuevas.
ask-unlink =
    { $handle ->
        [none] ¿Desvincular <b>{ $name }</b> y borrar sus credenciales? No se puede deshacer.
       *[other] ¿Desvincular <b>{ $name }</b> ({ $handle }) y borrar sus credenciales? No se puede deshacer.
    }

    <b>Revocar en X y borrar</b>: las borra y además revoca el token en X. Todo lo demás que lo usa deja de funcionar.
    <b>Borrar</b>: las borra aquí. El token sigue siendo válido en X hasta que lo revoques o regeneres allí.
    <b>Conservar</b>: no cambia nada.
twin-updated = ✅ <b>{ $name }</b> usa ahora las nuevas credenciales. El duplicado está borrado.

# Questions to X.
checking = Comprobando <b>{ $name }</b> con X …
checking-later = Se preguntó a X hace un momento. <b>{ $name }</b> se comprobará: { $at }. La respuesta sigue.
check-limit =
    { $unchecked ->
        [yes] <b>{ $name }</b>: guardada, aún sin comprobar. Has usado tus { $limit } comprobaciones de esta hora. Puedes comprobarla: { $until }.
       *[no] Has usado tus { $limit } comprobaciones de esta hora. Puedes comprobar <b>{ $name }</b> de nuevo: { $until }.
    }
no-candidate = No hay nuevas credenciales de <b>{ $name }</b> en espera. Envía /rotate para escribir otras.
status-before = Antes: <code>{ $code }</code>, desde { $since }.
status-unchanged = Sin cambios desde { $since }.
handle-before = Antes el nombre de usuario era { $handle }.
new-in-use = Las nuevas credenciales están en uso. Las antiguas están borradas.
old-stay = Las credenciales antiguas siguen en uso.
new-wait = Las nuevas credenciales se guardan hasta { $until }. Las antiguas siguen en uso.
same-x-account = Es la misma cuenta de X que <b>{ $name }</b>. Conserva las dos, o pulsa <b>Actualizar { $name }</b> para llevar allí estas credenciales.

# News that nobody asked for.
news-died =
    { $how ->
        [program] { $worked_until ->
            [none] X la rechazó primero con el programa { $program }, después en mi propia comprobación. Los programas no pueden publicar con ella.
           *[other] Última aceptación de X: { $worked_until }. X la rechazó primero con el programa { $program }, después en mi propia comprobación. Los programas no pueden publicar con ella.
        }
       *[check] { $worked_until ->
            [none] X la ha rechazado dos veces. Los programas no pueden publicar con ella.
           *[other] Última aceptación de X: { $worked_until }. X la ha rechazado dos veces desde entonces. Los programas no pueden publicar con ella.
        }
    }
news-recovered =
    { $since ->
        [none] Funciona otra vez.
       *[other] Funciona otra vez. X la rechazaba desde { $since }.
    }
news-only-reads = X no lo dijo en la comprobación anterior.
trouble-began =
    { $kind ->
        [refused] 🚧 Aviso al dueño: X rechaza cuentas de varias apps que funcionaban hace poco, desde { $since }. No se avisa a los usuarios. Las comprobaciones siguen hasta que pase.
        [away] 🚧 Aviso al dueño: X no responde sobre cuentas de varias apps, o envía respuestas inesperadas, desde { $since }. No se avisa a los usuarios. Las comprobaciones siguen hasta que pase.
       *[clock] 🚧 Aviso al dueño: a X no le vale la hora de este servidor, desde { $since }. No se avisa a los usuarios. Las comprobaciones siguen hasta que pase.
    }

    { $kind ->
        [refused] Rara vez fallan tantos usuarios a la vez. Mira la página de estado de X y qué ha cambiado aquí (addx doctor).
        [away] Mira la página de estado de X y la red de este servidor (addx doctor).
       *[clock] Pon en hora el reloj de este servidor. addx doctor muestra cuánto se desvía.
    }
trouble-over = ✅ Aviso al dueño: X vuelve a aceptar cuentas. No lo hacía desde { $since }.
ask-reminder =
    { $age ->
        [none] ¿Cuándo te recuerdo rotar <b>{ $name }</b>? { reminder-now-set }
       *[other] ¿Cuándo te recuerdo rotar <b>{ $name }</b> ({ $age })? { reminder-now-set }
    }
reminder-now-set =
    { $days ->
        [none] El recordatorio está desactivado.
        [one] El recordatorio está puesto a { $days } día.
       *[other] El recordatorio está puesto a { $days } días.
    }
reminder-now = El recordatorio de <b>{ $name }</b> toca ahora: sus credenciales ya tienen ese tiempo.
reminder-set = El { $date } te recordaré rotar <b>{ $name }</b>.
reminder-off = El recordatorio de <b>{ $name }</b> está desactivado.
rotate-due =
    { $age ->
        [none] ⏰ Recordatorio: rota <b>{ $name }</b>. Regenera sus credenciales en X, después pulsa <b>Rotar</b>. Las antiguas siguen en uso hasta que X acepte las nuevas.
       *[other] ⏰ Recordatorio: rota <b>{ $name }</b>: { $age }. Regenera sus credenciales en X, después pulsa <b>Rotar</b>. Las antiguas siguen en uso hasta que X acepte las nuevas.
    }

# Accounts that are gone.
-by-hand = Revoca tú el token: console.x.com → tu app → Keys &amp; Tokens → Access Token → Revoke. O, con la cuenta de X: x.com → Settings → Security and account access → Apps and sessions → Connected apps → la app → Revoke app permissions.
backups =
    { $until ->
        [none] Copias de seguridad: las copias de la base de datos que hizo antes el operador pueden contener las credenciales, cifradas, hasta que el operador las borre. Pregunta al operador cuándo se borran. El par de claves API de una copia funciona hasta que lo regeneres en X.
       *[other] Copias de seguridad: las copias de la base de datos que hizo antes el operador pueden contener las credenciales, cifradas, como mucho hasta el { $until }. El par de claves API de una copia funciona hasta que lo regeneres en X.
    }
revoking = Revocando el token de <b>{ $name }</b> en X. Después se borra aquí. Sigue un recibo.
erasing-after-post = Una publicación de prueba de <b>{ $name }</b> sigue en X. Primero la borro allí, después la cuenta aquí. Sigue un mensaje.
unlinked = 🗑 <b>{ $name }</b> y sus credenciales están borradas. Para revocar también el token en X: console.x.com → tu app → Keys &amp; Tokens → Access Token → Revoke.
receipt-title = 🧾 { $account } está desvinculada
receipt-here = Borrado aquí: API Key, API Secret, Access Token, Access Secret, su clave de cifrado y la entrada de la cuenta. /history conserva el hecho sin el nombre de la cuenta.
receipt-at-x =
    { $revocation ->
        [proven] En X: el token está revocado. X lo rechazó cuando lo probé después.
        [already_ended] En X: el token ya no era válido antes; X lo rechaza.
        [unproven] En X: X dice que el token está revocado, pero no pude confirmar que X lo rechaza. Para estar seguro: { -by-hand }
        [refused] En X: X rechazó la solicitud y no dijo que el token esté revocado. Puede que siga funcionando. { -by-hand }
        [not_asked] En X: llegó un token nuevo sin el par de claves API de su app, así que no pude revocarlo. { -by-hand }
        [limited] En X: se alcanzó el límite de solicitudes de X, así que el token puede seguir funcionando. { -by-hand }
        [unanswered] En X: X no respondió, así que el token puede seguir funcionando. { -by-hand }
       *[none] En X: no se pudo preguntar a X, así que el token puede seguir funcionando. { -by-hand }
    }
panic = 🚨 El operador ha borrado aquí todas las cuentas y revocado los tokens en X, porque estaban en peligro. Tus credenciales ya no se guardan aquí.
panic-account =
    { $revocation ->
        [proven] • { $account }: revocado
        [already_ended] • { $account }: ya no era válido
        [unproven] • { $account }: X dice revocado, sin confirmar
        [refused] • { $account }: X rechazó la solicitud
        [not_asked] • { $account }: falta el par de claves de la app
        [limited] • { $account }: se alcanzó el límite de solicitudes de X
        [unanswered] • { $account }: X no respondió
       *[none] • { $account }: no tenía token
    }
panic-by-hand = No es seguro que todos los tokens estén revocados. { -by-hand }
panic-posts =
    Publicaciones de prueba que pueden seguir en X. Bórralas allí:
    { $posts }
panic-key-pair = Regenera también el par de claves API de tu app: console.x.com → tu app → Keys &amp; Tokens → Consumer Key → Regenerate.

# Programs and posts. Prices are those of X's list (docs.x.com/x-api/getting-started/pricing): a post, one with a link, and reading
# five posts.
program-added = 🔌 El operador dio al programa <b>{ $program }</b> acceso a <b>{ $name }</b>. Nunca recibe tus credenciales. Para quitar el acceso, pulsa <b>Programas</b>.
no-programs = Ningún programa tiene acceso a <b>{ $name }</b>.
program = • { $program }
programs =
    Programas con acceso a <b>{ $name }</b>:

    { $programs }

    Ninguno recibe tus credenciales. /history muestra lo que hicieron.
program-removed = ✓ <b>{ $program }</b> ya no tiene acceso a <b>{ $name }</b>. Solo el operador puede devolverlo.
ask-test =
    ¿Publicar esto con <b>{ $name }</b> y borrarlo enseguida?

    <blockquote>{ $post }</blockquote>

    Solo una publicación real demuestra que publicar funciona. X cobra unos $0.015 por ella, y se puede ver un momento. Si la respuesta de X se pierde, busco la publicación entre tus cinco últimas para borrarla. Eso cuesta como máximo $0.025 más.
ask-post =
    ¿Publicar esto con { $account }?

    <blockquote>{ $post }</blockquote>

    { $link ->
        [yes] { $weight } de { $limit } caracteres, como los cuenta X. X cobra unos $0.20, porque tiene un enlace.
       *[no] { $weight } de { $limit } caracteres, como los cuenta X. X cobra unos $0.015.
    }
post-not-a-reply = Envía el texto como mensaje, después responde a ese mensaje con /post.
post-not-yours = Solo publico tus propios mensajes. Responde con /post a uno que escribiste.
post-not-text = Solo puedo publicar texto. Responde con /post a un mensaje sin imágenes ni archivos.
post-blank = No hay nada que publicar.
post-looks-secret = Eso parece una clave o un token, así que no lo publico.
post-too-long = Es demasiado largo: X cuenta { $weight } caracteres y acepta { $limit }. Envía un texto más corto, después respóndele con /post.
cannot-post = <b>{ $name }</b> no puede publicar ahora. Pulsa <b>Comprobar de nuevo</b> y sigue la respuesta.
posting = Publicando con <b>{ $name }</b> …
post-dropped = No se publica nada.
post-published =
    ✅ Publicado con <b>{ $name }</b>:
    { $link }
post-tested = ✅ <b>{ $name }</b> puede publicar: X aceptó la publicación de prueba, y está borrada.
post-not-deleted =
    ⚠️ <b>{ $name }</b> puede publicar: X aceptó la publicación de prueba. No pude borrarla. Bórrala allí:
    { $link }
post-stands =
    ⚠️ Una publicación de prueba de <b>{ $name }</b> puede seguir en X. Las credenciales para borrarla ya no se guardan. Bórrala allí:
    { $link }
post-refused = ⛔ { $what }. No se publica nada.
post-values-refused = ⛔ <b>{ $name }</b>: X rechazó las credenciales. No se publica nada. Compruebo cuál de ellas está mal; la respuesta sigue.
your-profile = tu perfil en x.com
post-unknown =
    { $test ->
        [yes] ❓ <b>{ $name }</b>: no se sabe si está publicado, porque la respuesta de X no llegó. No estaba entre tus últimas publicaciones. No lo reintento automáticamente, para que no aparezca dos veces. Mira aquí: { $profile }
       *[no] ❓ <b>{ $name }</b>: no se sabe si está publicado, porque la respuesta de X no llegó. No lo reintento automáticamente, para que no aparezca dos veces. Mira aquí: { $profile }
    }

    <blockquote>{ $post }</blockquote>

    { $test ->
        [yes] Si está allí, bórralo.
       *[no] Si no está allí, envíalo otra vez.
    }

# What is kept, and what happened.
my-data = Todo lo guardado sobre ti, excepto los secretos, en un archivo.
my-data-later = Un archivo por hora: está más arriba. Envía /mydata otra vez { $wait }.
no-history = Aún no ha pasado nada.
history =
    <b>Qué pasó</b>, lo más nuevo primero

    { $entries }
past =
    { $since ->
        [none] { $at }: { $what }
       *[other] { $times ->
            [one] { $since } a { $at }: { $what }, { $times } vez
           *[other] { $since } a { $at }: { $what }, { $times } veces
        }
    }
happened =
    { $event ->
        [link] vinculada
        [check] comprobada con X
        [swap] nuevas credenciales en uso
        [refuse] nuevas credenciales no aceptadas
        [authorize] X emitió un token para un PIN
        [unlink] borrada
        [revoke] revocada en X
        [panic] revocada y borrada por el operador
        [merge] recibió las credenciales de un duplicado
        [expire] nuevas credenciales borradas: no aceptadas en 24 horas
        [access_request] pediste usar este bot
        [access_grant] el dueño te aprobó
        [access_refuse] el dueño te rechazó
        [access_block] el dueño te bloqueó
        [client_add] acceso dado a
        [client_revoke] acceso quitado a
        [client_take_back] quitaste el acceso de
        [use] usada por
        [post] tu mensaje
        [test_post] publicación de prueba
        [test_post_delete] borrado de la prueba
       *[other] otra cosa
    }
report =
    Este informe no contiene credenciales, ni partes de ellas. Puedes mostrarlo a quien te ayude.

    <pre>addx { $version }
    hecho { $made }
    { report-verdict }
    desde { report-since }
    comprobado { report-checked }
    aceptado { report-accepted }
    { report-confirmed }
    { report-pair }
    { $values }
    { report-clock }
    mensajes por borrar: { $deletions }</pre>
report-confirmed =
    { $confirmed ->
        [yes] confirmado por X: sí
       *[no] confirmado por X: no
    }
report-verdict =
    { $status ->
        [none] { $verdict ->
            [none] aún sin resultado
           *[other] resultado { $verdict }
        }
       *[other] resultado { $verdict } (HTTP { $status })
    }
report-since =
    { $since ->
        [none] nunca
       *[other] { $since }
    }
report-checked =
    { $checked ->
        [none] nunca
       *[other] { $checked }
    }
report-accepted =
    { $accepted ->
        [none] nunca
       *[other] { $accepted }
    }
report-pair =
    { $pair ->
        [none] solo el par de claves: sin comprobar
        [accepted] solo el par de claves: aceptado ({ $pair_at })
        [rejected] solo el par de claves: rechazado ({ $pair_at })
        [app_suspended] solo el par de claves: app suspendida ({ $pair_at })
       *[unknown] solo el par de claves: X no lo dijo ({ $pair_at })
    }
report-clock =
    { $clock ->
        [none] reloj: aún sin comparar
       *[other] reloj: { $clock } s respecto a X
    }
report-value =
    { $which ->
        [new] nuevo { $field }: { $chars } caracteres, { report-shape }, desde { $since }
       *[current] { $field }: { $chars } caracteres, { report-shape }, desde { $since }
    }
report-shape =
    { $unusual ->
        [none] habitual
        [unusual_length] lo habitual son { $usual }
        [unusual_characters] caracteres poco habituales
        [looks_like] parece { $label }
        [labelled_as] etiquetado como { $label }
       *[told_by_order] reconocido por su posición
    }

# Who may use the bot.
not-allowed = Este bot atiende a una lista fija de personas, y no estás en ella. Si deberías estar, envía al operador tu ID de Telegram: <code>{ $user }</code>. /privacy, /mydata, /cancel y /unlink funcionan para todos.
access-asked = El dueño de este bot decide quién puede usarlo. He preguntado; la respuesta aparecerá aquí. /privacy, /mydata, /cancel y /unlink funcionan para todos.
access-request = 🙋 <b>{ $person }</b> (<code>{ $user }</code>) quiere usar este bot.
access-granted = ✅ El dueño de este bot te aprobó.
access-refused = El dueño de este bot no te aprobó. /privacy, /mydata, /cancel y /unlink funcionan para todos.
access-set =
    { $standing ->
        [granted] <code>{ $user }</code> ya puede usar este bot.
        [blocked] <code>{ $user }</code> ya no puede usar este bot, y los programas ya no pueden usar sus cuentas. Las cuentas se quedan hasta que use /unlink.
       *[refused] <code>{ $user }</code> no puede usar este bot.
    }
no-guests = Nadie ha pedido aún usar este bot.
guest =
    { $standing ->
        [asked] <code>{ $user }</code> { $person }: en espera, desde { $since }
        [granted] <code>{ $user }</code> { $person }: aprobado, desde { $since }
        [refused] <code>{ $user }</code> { $person }: rechazado, desde { $since }
       *[blocked] <code>{ $user }</code> { $person }: bloqueado, desde { $since }
    }
guests =
    <b>Personas</b>

    { $people }

    /block quita el acceso.
block-whom = ¿A quién? Envía el ID de usuario de Telegram, como <code>/block 123456789</code>. /users muestra quién lo pidió.
