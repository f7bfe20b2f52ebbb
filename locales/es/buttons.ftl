# Labels of buttons: at most 24 characters, without the names in them. `button-WORD` is the label of the action that is called so.

button-guide = Guía
button-accounts = Cuentas
button-reminders = Recordar la rotación
button-rechecks = ¿Qué es esto?
button-add = Vincular cuenta de X
button-add-another = Vincular otra

button-back = Atrás
button-cancel = Cancelar
button-handle = Usar mi nombre de X
button-anyway = Usar de todos modos
button-other = Usar como { $field }
button-as-asked = Es { $field }
button-again = Enviar otra vez
button-keypair = Reenviar claves API
button-continue = Continuar
button-over = Empezar de nuevo
button-cancel-it = Cancelar esto
button-pin = Obtenerlo con un PIN
button-new-link = Nuevo enlace
button-pin-again = Reintentar
button-saved = Guardado, reintentar
button-this = Sí, esta
button-not-this = No, otra cuenta
button-revoke-this = No, y revocar en X
button-copy-address = Copiar la dirección
button-open-x = Abrir X
button-open-chat = Abrir el chat privado

button-verify = Comprobar de nuevo
button-candidate = Comprobar de nuevo
button-rotate = Rotar
button-testpost = Publicación de prueba
button-fix-key = Enviar nuevas claves API
button-fix-token = Enviar nuevos tokens
button-fix-secret = Reenviar Access Secret
button-new-token = Par de tokens
button-new-key = Par de claves API
button-new-all = Las cuatro
button-use-app = Usar la misma app
button-use-app-of = Usar la app de { $name }
button-revoke = Revocar en X y borrar
button-erase = Borrar
button-keep = Conservar
button-twin = Actualizar { $name }
button-remind-30 = A los 30 días
button-remind-90 = 90 días
button-remind-180 = 180 días
button-remind-365 = 365 días
button-remind-off = Nunca
button-programs = Programas
button-programs-of = Programas · { $name }
button-take = Quitar a { $program }

button-approve = Aprobar
button-approve-person = Aprobar a { $person }
button-refuse = Rechazar
button-block = Bloquear

button-publish = Publicar
button-drop = Descartar
button-post-and-delete = Publicar y borrar
button-leave-it = Dejarlo

# Short answers to taps: at most 200 characters.

old-button = Este botón es de un paso anterior. Usa el mensaje más reciente.
account-gone = Esta cuenta ya no está vinculada. /accounts muestra tus cuentas.
