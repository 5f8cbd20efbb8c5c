page-language = Sprache
page-close = Sie können diese Seite jetzt schließen.

page-controller = Verantwortlich
page-purpose = Zweck
page-wording = Wortlaut der Einwilligung
page-regulation = Weitere Informationen

# Die Frage.
page-confirm-title = Sind Sie einverstanden?
page-confirm-lead = { $controller } bittet um Ihre Einwilligung. Bitte lesen Sie den Wortlaut und geben Sie Ihre Antwort.
page-voluntary = Ihre Antwort ist freiwillig: Wenn Sie nicht einwilligen, entsteht Ihnen kein Nachteil.
page-withdraw = Wenn Sie einwilligen, können Sie Ihre Einwilligung jederzeit mit Wirkung für die Zukunft widerrufen.
page-tick = Ich willige ein: „{ $content }“ ({ $controller }), mit dem obigen Wortlaut, Fassung { $version }.
page-tick-missing = Bitte setzen Sie das Häkchen, wenn Sie einwilligen. Andernfalls wählen Sie „Ich willige nicht ein“.
page-agree = Ich willige ein
page-disagree = Ich willige nicht ein
page-valid-until = Sie können hier bis zum { $date } antworten.

# Nach der Antwort.
page-granted-title = Vielen Dank, Ihre Einwilligung ist erfasst
page-granted-lead = Sie haben eingewilligt: „{ $content }“ ({ $controller }).
page-granted-withdraw = Sie können Ihre Einwilligung jederzeit mit Wirkung für die Zukunft widerrufen. Eine Nachricht an die unten genannte Adresse genügt.
page-refused-title = Ihre Antwort ist erfasst
page-refused-lead = Sie haben nicht eingewilligt: „{ $content }“ ({ $controller }). Ihre Daten werden dafür nicht verwendet.
page-refused-later = Ihnen entsteht kein Nachteil, und wir fragen ohne neue Anforderung nicht noch einmal nach.

# Unbekannte, abgelaufene und fremde Links gleichermaßen.
page-invalid-title = Dieser Link ist nicht gültig
page-invalid-lead = Er ist möglicherweise abgelaufen, durch einen neueren ersetzt oder nicht vollständig kopiert worden. Es wurde nichts geändert.
page-invalid-next = Bitte öffnen Sie den Link aus der neuesten E-Mail noch einmal. Wenn das nicht hilft, wenden Sie sich bitte an uns.

page-trouble-title = Das geht gerade leider nicht
page-trouble-lead = Bei uns liegt eine vorübergehende Störung vor. Nichts ist verloren gegangen, und Ihr Link bleibt gültig.
page-trouble-next = Bitte versuchen Sie es in einigen Minuten erneut. Wenn Sie gerade geantwortet haben, öffnen Sie den Link aus der E-Mail noch einmal: Die Seite zeigt, ob uns Ihre Antwort erreicht hat.

page-home-title = Rescind läuft
page-home-lead = Dieser Dienst bearbeitet Anliegen zum Datenschutz. Um eine Anfrage zu beantworten, verwenden Sie bitte den persönlichen Link aus der E-Mail, die Sie erhalten haben.
