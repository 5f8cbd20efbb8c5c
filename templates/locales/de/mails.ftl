mail-greeting = Guten Tag,
mail-greeting-name = Guten Tag { $name },

# Die Anfrage des Double-Opt-in.
mail-confirm-subject = Bitte bestätigen: { $content }
mail-confirm-preheader = { $controller } bittet um Ihre Einwilligung. Bitte antworten Sie bis zum { $date }.
mail-confirm-heading = Sind Sie einverstanden?
mail-confirm-intro = am { $date } wurde uns gemeldet, dass Sie unter dieser E-Mail-Adresse in Folgendes einwilligen möchten. Bitte teilen Sie uns mit, ob Sie einverstanden sind. Bisher ist nichts als Einwilligung erfasst: Es zählt allein Ihre eigene Antwort.
mail-confirm-ignore = Wenn Sie das nicht veranlasst haben, brauchen Sie nichts zu tun: Es wird keine Einwilligung erfasst. Abgesehen von höchstens einer Erinnerung fragen wir ohne neue Anforderung nicht noch einmal nach.

# Die einzige Erinnerung.
mail-remind-subject = Erinnerung – bitte bestätigen: { $content }
mail-remind-preheader = { $controller } wartet noch auf Ihre Antwort. Der Link gilt bis zum { $date }.
mail-remind-heading = Ihre Antwort steht noch aus
mail-remind-intro = am { $date } wurde uns gemeldet, dass Sie unter dieser E-Mail-Adresse in Folgendes einwilligen möchten. Eine Antwort von Ihnen haben wir noch nicht erhalten. Dies ist die einzige Erinnerung.
mail-remind-ignore = Wenn Sie das nicht möchten oder nicht veranlasst haben, brauchen Sie nichts zu tun: Die Anfrage verfällt am { $date }, es wird keine Einwilligung erfasst, und wir fragen ohne neue Anforderung nicht noch einmal nach.

# Worum es geht, und der Weg zur Seite.
mail-controller-label = Anfrage von
mail-purpose-label = Zweck
mail-wording-label = Wortlaut der Einwilligung
mail-document = Das zugehörige Dokument ist dieser E-Mail beigefügt.
mail-answer-button = Ansehen und antworten
mail-answer-hint = Falls die Schaltfläche nicht funktioniert, öffnen Sie bitte diese Adresse in Ihrem Browser:
mail-answer-text = Um zuzustimmen oder abzulehnen, öffnen Sie bitte diese Seite:
mail-refuse = Auf derselben Seite können Sie auch ablehnen.
mail-withdraw = Wenn Sie einwilligen, können Sie Ihre Einwilligung jederzeit mit Wirkung für die Zukunft widerrufen.
mail-valid-until = Der Link gilt bis zum { $date }. Er ist persönlich: Bitte leiten Sie diese E-Mail nicht weiter.

mail-footer = Sie erhalten diese E-Mail, weil unter Ihrer Adresse eine Einwilligung angefragt wurde. Sie enthält keine Werbung und keine Nachverfolgung.

# Der Code für die eigene Seite.
mail-code-subject = Ihr Code für { $controller }
mail-code-heading = Ihr Code
mail-code-intro = Jemand, vermutlich Sie, möchte auf Ihrer Seite einwilligen oder Daten berichtigen. Bitte geben Sie dort diesen Code ein:
mail-code-valid = Der Code gilt { $minutes } Minuten.
mail-code-ignore = Wenn Sie es nicht waren, brauchen Sie nichts zu tun: Ohne diesen Code wird nichts geändert. Bitte geben Sie ihn an niemanden weiter.
mail-code-footer = Sie erhalten diese E-Mail, weil auf Ihrer Seite ein Code angefordert wurde. Sie enthält keine Werbung und keine Nachverfolgung.
mail-preferences = Ihre Einwilligungen jederzeit:

mail-address-subject = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
mail-address-heading = Ist das Ihre neue Adresse?
mail-address-intro = Jemand, vermutlich Sie, hat diese Adresse auf seiner Seite bei { $controller } als neue angegeben. Sobald Sie sie bestätigen, gehen E-Mails von { $controller } hierher.
mail-address-button = Adresse bestätigen
mail-address-link = Wenn die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:
mail-address-valid = Der Link gilt bis { $date }. Wenn Sie es nicht waren, brauchen Sie nichts zu tun: Dann wird nichts geändert.
mail-address-footer = Sie erhalten diese E-Mail, weil diese Adresse auf einer persönlichen Seite angegeben wurde. Sie enthält keine Werbung und keine Nachverfolgung.
