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

# Die eigene Seite der betroffenen Person.
page-granted-preferences = Sie können Ihre Einwilligung jederzeit mit Wirkung für die Zukunft widerrufen: auf Ihrer eigenen Seite, mit zwei Klicks.
page-preferences-title = Ihre Einwilligungen
page-preferences-lead = Hier sehen Sie, worin Sie gegenüber { $controller } eingewilligt haben. Sie können es jederzeit widerrufen.
page-preferences-done = Ihre Wahl ist gespeichert und gilt sofort.
page-preferences-nothing = Zurzeit braucht hier nichts Ihre Einwilligung.
page-preferences-personal = Diese Adresse ist persönlich und bleibt gültig. Wer sie hat, kann die Angaben oben sehen und Einwilligungen widerrufen, erfährt aber weder Ihren Namen noch Ihre Anschrift.
page-state-granted = Sie haben eingewilligt, seit { $date }.
page-state-ends = Die Einwilligung endet von selbst am { $date }.
page-state-unconfirmed = Sie haben am { $date } zugestimmt. Das gilt erst wieder, wenn Sie es erneut bestätigt haben.
page-state-none = Sie haben darin nicht eingewilligt.
page-state-requested = Sie wurden am { $date } gefragt und haben noch nicht geantwortet.
page-state-refused = Sie haben nicht eingewilligt ({ $date }).
page-state-withdrawn = Sie haben Ihre Einwilligung am { $date } widerrufen.
page-state-expired = Ihre Einwilligung endete am { $date }.
page-state-customer = Sie haben am { $date } bei uns gekauft und nicht widersprochen: Wir dürfen Ihnen von eigenen ähnlichen Waren oder Dienstleistungen berichten.
page-state-objected = Sie haben am { $date } widersprochen. Wir schreiben Ihnen dazu nicht.
page-similar-to = Ähnlich wie das, was Sie gekauft haben: { $what }.
page-wording-agreed = Worin Sie eingewilligt haben
page-withdraw-one = Widerrufen: { $purpose }
page-withdraw-all = Alles widerrufen
page-withdraw-title = Einwilligung widerrufen?
page-withdraw-lead = Sie sagen { $controller }, dass Ihre Daten hierfür nicht mehr verwendet werden dürfen:
page-withdraw-effect = Das gilt sofort. Was bis jetzt geschehen ist, bleibt rechtmäßig. Ihnen entsteht kein Nachteil, und Sie können jederzeit wieder einwilligen.
page-withdraw-yes = Ja, widerrufen
page-withdraw-no = Zurück, nichts ändern
page-stop-one = Beenden: { $purpose }
page-stop-title = Das beenden?
page-stop-effect = Das gilt sofort und auf Dauer: Kein späterer Kauf ändert daran etwas. Ihnen entsteht kein Nachteil.
page-stop-yes = Ja, beenden

# Einwilligen und berichtigen, nach einem Code per E-Mail.
page-change-title = Einwilligen, Daten berichtigen
page-change-lead = Für beides schicken wir Ihnen einen Code an Ihre E-Mail-Adresse, damit es niemand an Ihrer Stelle tun kann.
page-change-link = Einwilligen oder Daten berichtigen
page-back = Zurück zu Ihren Einwilligungen
page-unlock-title = Zuerst ein Code per E-Mail
page-unlock-lead = Um einzuwilligen oder Ihre Daten zu berichtigen, brauchen Sie einen Code. Wir senden ihn an die E-Mail-Adresse, die wir von Ihnen kennen. So kann es niemand an Ihrer Stelle tun, auch wenn diese Seite weitergegeben wurde.
page-unlock-send = Code zusenden
page-unlock-sent = Wir haben Ihnen eine E-Mail mit einem achtstelligen Code gesendet. Er gilt { $minutes } Minuten.
page-unlock-code = Code
page-unlock-go = Weiter
page-unlock-again = Neuen Code senden
page-unlock-wrong = Dieser Code stimmt nicht oder gilt nicht mehr. Bitte prüfen Sie ihn, oder lassen Sie sich einen neuen senden.
page-unlock-many = Für diese Adresse wurden zu viele E-Mails angefordert. Bitte versuchen Sie es morgen wieder. Widerrufen können Sie jederzeit, ohne Code.
page-unlock-unreachable = Wir kennen keine E-Mail-Adresse, unter der wir Sie erreichen. Bitte schreiben Sie an die Adresse unten.
page-unlock-closed = Ihre Daten sind zurzeit eingeschränkt und dürfen nicht geändert werden. Widerrufen können Sie trotzdem.
page-unlock-stale = Die Zeit für Änderungen ist abgelaufen. Bitte lassen Sie sich einen neuen Code senden.
page-edit-offers = Worin Sie einwilligen können
page-edit-no-offers = Zurzeit gibt es nichts weiter, worin Sie einwilligen könnten.
page-edit-fields = Ihre Daten
page-edit-empty = Ein leeres Feld löscht den Wert.
page-edit-save = Speichern
page-tick-only = Bitte setzen Sie das Häkchen, wenn Sie einwilligen.
page-field-wrong = Bitte prüfen Sie diesen Wert.

# Die Datenschutzhinweise.
page-privacy-title = Datenschutzhinweise
page-privacy-officer = Datenschutzbeauftragte Person
page-privacy-purposes = Wofür wir personenbezogene Daten verwenden
page-privacy-data = Welche Daten
page-privacy-interests = Unsere berechtigten Interessen
page-privacy-period = Wie lange
page-privacy-period-default = So lange, wie dieser Zweck sie braucht und das Gesetz es verlangt.
page-privacy-marketing = Dies ist Direktwerbung. Sie können ihr jederzeit ohne Angabe von Gründen widersprechen; dann hören wir sofort auf.
page-privacy-recipients = Wer Daten erhält
page-privacy-transfers = Übermittlung außerhalb des Europäischen Wirtschaftsraums
page-privacy-origins = Woher die Daten stammen
page-privacy-rights = Ihre Rechte
page-privacy-authority = Aufsichtsbehörde
page-privacy-not-providing = Wenn Daten nicht bereitgestellt werden
page-privacy-automated = Automatisierte Entscheidungen
page-privacy-automated-none = Es gibt keine Entscheidungen, die ausschließlich auf automatisierter Verarbeitung einschließlich Profiling beruhen und rechtliche oder ähnlich erhebliche Wirkung haben (Art. 22 DSGVO).
page-basis-consent = Grundlage ist Ihre Einwilligung (Art. 6 Abs. 1 lit. a DSGVO).
page-basis-contract = Es ist für einen Vertrag mit Ihnen nötig oder um ihn auf Ihren Wunsch vorzubereiten (Art. 6 Abs. 1 lit. b DSGVO).
page-basis-legal-obligation = Ein Gesetz verpflichtet uns dazu (Art. 6 Abs. 1 lit. c DSGVO).
page-basis-vital-interests = Es schützt lebenswichtige Interessen (Art. 6 Abs. 1 lit. d DSGVO).
page-basis-public-task = Es ist für eine Aufgabe im öffentlichen Interesse nötig (Art. 6 Abs. 1 lit. e DSGVO).
page-basis-legitimate-interest = Grundlage sind berechtigte Interessen (Art. 6 Abs. 1 lit. f DSGVO).
page-basis-soft-opt-in = Sie haben uns Ihre Kontaktdaten bei einem Kauf gegeben und können jederzeit widersprechen: Wir berichten Ihnen von eigenen ähnlichen Waren oder Dienstleistungen (Art. 13 Abs. 2 der Richtlinie 2002/58/EG).
page-basis-special = Besonders geschützte Daten werden nur mit Ihrer ausdrücklichen Einwilligung verwendet (Art. 9 Abs. 2 lit. a DSGVO).
page-right-access = Auskunft: zu erfahren, ob und welche Daten über Sie wir verarbeiten, und eine Kopie davon zu erhalten (Art. 15 DSGVO).
page-right-rectification = Berichtigung: falsche Daten berichtigen und unvollständige vervollständigen zu lassen (Art. 16 DSGVO).
page-right-erasure = Löschung: Daten löschen zu lassen, wenn kein Grund mehr besteht, sie zu behalten (Art. 17 DSGVO).
page-right-restriction = Einschränkung: Daten aufbewahren, aber nicht verwenden zu lassen, etwa solange geprüft wird, ob sie stimmen (Art. 18 DSGVO).
page-right-portability = Übertragbarkeit: Daten, die Sie uns gegeben haben, in maschinenlesbarer Form zu erhalten oder jemand anderem senden zu lassen (Art. 20 DSGVO).
page-right-object = Widerspruch: aus Gründen Ihrer besonderen Situation jederzeit einer Verarbeitung zu widersprechen, die auf berechtigten Interessen oder einer öffentlichen Aufgabe beruht, und der Direktwerbung ohne jeden Grund (Art. 21 DSGVO).
page-right-withdraw = Widerruf: eine Einwilligung jederzeit zu widerrufen. Was bis dahin geschehen ist, bleibt rechtmäßig (Art. 7 Abs. 3 DSGVO).
page-right-complain = Beschwerde: sich bei einer Aufsichtsbehörde zu beschweren, insbesondere dort, wo Sie leben oder arbeiten oder wo der Verstoß geschehen ist (Art. 77 DSGVO).
page-right-how = Eine Nachricht an die Adresse oben genügt. Sie kostet Sie nichts.

# Ein Formular für Einwilligungen.
page-form-lead = { $controller } bittet um Ihre Einwilligung. Bitte beantworten Sie jede Frage; beide Antworten sind gleich gut.
page-form-stale = Diese Seite war zu lange offen. Bitte prüfen Sie Ihre Antworten und senden Sie sie noch einmal.
page-form-many = In kurzer Zeit wurde zu viel angefordert. Bitte versuchen Sie es später wieder.
page-form-answer-missing = Bitte wählen Sie eine der beiden Antworten.
page-form-email = E-Mail-Adresse
page-form-email-hint = Wir senden Ihnen eine E-Mail, in der Sie bestätigen, worin Sie eingewilligt haben.
page-form-email-wrong = Bitte geben Sie eine E-Mail-Adresse ein, wie ana@example.org.
page-form-terms = Ich akzeptiere: { $content }, Version { $version }
page-form-terms-missing = Bitte akzeptieren Sie die Bedingungen, oder verlassen Sie diese Seite.
page-form-send = Antworten senden
page-form-sent-title = Danke für Ihre Antworten
page-form-sent-lead = Wenn etwas zu bestätigen ist, ist eine E-Mail an die angegebene Adresse unterwegs. Worin Sie eingewilligt haben, gilt erst, wenn Sie es dort bestätigen.
page-form-sent-next = Wenn nichts ankommt, prüfen Sie bitte die Adresse und den Ordner für unerwünschte Mails, oder versuchen Sie es morgen noch einmal.
page-form-none = Sie haben in nichts eingewilligt; deshalb wurde nichts gespeichert und es wird keine E-Mail gesendet.

# Themen.
page-topic-left = { $topic }: dieses Thema haben Sie am { $date } abbestellt.
page-topic-leave = Abbestellen: { $topic }
page-topic-title = Dieses Thema abbestellen?
page-topic-lead = { $controller } sendet Ihnen ab jetzt nichts mehr zu: { $topic }.
page-topic-stays = Ihre Einwilligung zu „{ $purpose }“ bleibt bestehen.
page-topic-yes = Ja, abbestellen
page-topics-left = Themen, die Sie abbestellt haben
page-topic-choose = Wieder bestellen: { $topic } ({ $purpose })

page-email-title = Bestätigen Sie Ihre neue E-Mail-Adresse
page-email-lead = Ab jetzt gehen E-Mails von { $controller } an die Adresse, an der Sie diesen Link erhalten haben.
page-email-yes = Ja, das ist meine Adresse
page-email-done-title = Ihre Adresse ist geändert
page-email-done-lead = E-Mails von { $controller } gehen jetzt an Ihre neue Adresse. Einwilligungen, die Sie an der alten bestätigt haben, müssen neu bestätigt werden, bevor sie für Zusendungen gelten.
page-email-taken = Diese Adresse kann hier nicht übernommen werden, weil sie bereits einer anderen Person gehört. Bitte schreiben Sie an die Adresse unten.
page-edit-email = E-Mail-Adresse
page-edit-email-now = Zurzeit: { $address }
page-edit-email-new = Neue E-Mail-Adresse
page-edit-email-send = Link an die neue Adresse senden
page-edit-email-sent = Wir haben einen Link an die neue Adresse gesendet. Die Änderung gilt, sobald Sie ihn geöffnet und bestätigt haben.
page-edit-email-hint = Bis Sie den Link öffnen, den wir dorthin senden, und bestätigen, bleibt alles, wie es ist.
