# Mitteilung über Daten, die von anderswo stammen (Art. 14).
mail-source-subject = Woher wir Daten über Sie haben
mail-source-preheader = { $controller } teilt Ihnen mit, woher Daten über Sie stammen, wofür sie verwendet werden und welche Rechte Sie haben.
mail-source-intro = { $controller } verarbeitet personenbezogene Daten über Sie, die Sie uns nicht selbst gegeben haben. Das Gesetz verpflichtet uns, Ihnen das mitzuteilen (Art. 14 DSGVO). Sie müssen nichts tun.
mail-source-from = Woher die Daten stammen
mail-source-public = Diese Quelle ist öffentlich zugänglich.
mail-source-not-public = Diese Quelle ist nicht öffentlich zugänglich.
mail-source-how = Um Ihre Rechte wahrzunehmen, genügt eine Nachricht an die unten genannte Adresse. Sie kostet Sie nichts.
mail-source-notice = Unsere Datenschutzhinweise:
mail-source-page = Ihre eigene Seite, auf der Sie Ihre Einwilligungen sehen und widerrufen können:
mail-source-footer = Sie erhalten diese E-Mail, weil wir gesetzlich verpflichtet sind, Sie zu informieren. Sie enthält keine Werbung und kein Tracking.
