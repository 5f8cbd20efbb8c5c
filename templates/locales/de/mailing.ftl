# Mailings of apps, and the page that ends them.
mailing-footer = Sie erhalten diese E-Mail von { $controller } wegen „{ $purpose }“.
mailing-unsubscribe = Diese E-Mails abbestellen
mailing-preferences = Alle Ihre Einstellungen
page-unsubscribe-title = Diese E-Mails beenden?
page-unsubscribe-lead = { $controller } schreibt Ihnen E-Mails zu „{ $purpose }“. Mit einem Klick hören sie auf.
page-unsubscribe-button = Diese E-Mails beenden
page-unsubscribe-hint = Durch das Öffnen dieser Seite hat sich nichts geändert. Was Sie bestellt haben und Antworten auf Ihre Anfragen sind nicht betroffen.
page-unsubscribed-title = Diese E-Mails sind beendet
page-unsubscribed-lead = { $controller } schreibt Ihnen nicht mehr zu „{ $purpose }“.
page-unsubscribed-more = Was noch auf den Versand wartete, geht nicht mehr hinaus. Ihnen entsteht kein Nachteil.
