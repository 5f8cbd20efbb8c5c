# Antworten auf Anträge der betroffenen Person.
mail-restricted-subject = Die Verarbeitung Ihrer Daten ist eingeschränkt
mail-restricted-intro = wie von Ihnen verlangt, ist die Verarbeitung Ihrer Daten seit dem { $date } eingeschränkt (Art. 18 DSGVO).
mail-restricted-means = Bis auf Weiteres speichern wir Ihre Daten nur noch. Wir ändern und verwenden sie nicht und senden Ihnen nichts außer Antworten auf Ihre eigenen Anträge. Sie können jederzeit Einwilligungen widerrufen, widersprechen und Anträge stellen. Bevor die Einschränkung endet, unterrichten wir Sie.
mail-ending-subject = Die Einschränkung Ihrer Daten endet
mail-ending-intro = die Einschränkung der Verarbeitung Ihrer Daten endet (Art. 18 DSGVO). Wir unterrichten Sie vorab: Nach dieser E-Mail dürfen wir Ihre Daten wieder verarbeiten, soweit das Gesetz es erlaubt.
mail-ending-upheld = Ihrem Widerspruch wurde stattgegeben: Ihre Daten werden nicht mehr für das verwendet, dem Sie widersprochen haben.
mail-ending-overridden = Wir haben Ihren Widerspruch geprüft. Es bestehen zwingende schutzwürdige Gründe für die Verarbeitung, die Ihre Interessen überwiegen; sie wird deshalb fortgesetzt.
mail-ending-rights = Wenn Sie damit nicht einverstanden sind, können Sie sich bei einer Datenschutz-Aufsichtsbehörde beschweren oder ein Gericht anrufen. Bei Fragen schreiben Sie bitte an die unten genannte Adresse.
mail-rights-footer = Sie erhalten diese E-Mail als Antwort auf einen Antrag von Ihnen. Sie enthält keine Werbung und keine Nachverfolgung.
