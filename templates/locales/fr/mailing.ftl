# Mailings of apps, and the page that ends them.
mailing-footer = Vous recevez cet e-mail de { $controller } au titre de « { $purpose } ».
mailing-unsubscribe = Se désabonner de ces e-mails
mailing-preferences = Tous vos choix
page-unsubscribe-title = Arrêter ces e-mails ?
page-unsubscribe-lead = { $controller } vous envoie des e-mails au titre de « { $purpose } ». Un clic suffit pour les arrêter.
page-unsubscribe-button = Arrêter ces e-mails
page-unsubscribe-hint = Ouvrir cette page n’a rien changé. Vos commandes et les réponses à vos demandes ne sont pas concernées.
page-unsubscribed-title = Ces e-mails sont arrêtés
page-unsubscribed-lead = { $controller } ne vous écrira plus au titre de « { $purpose } ».
page-unsubscribed-more = Ce qui attendait d’être envoyé ne partira plus. Vous ne subissez aucun désavantage.
