# Mailings of apps, and the page that ends them.
mailing-footer = You receive this email from { $controller } because of “{ $purpose }”.
mailing-unsubscribe = Unsubscribe from these emails
mailing-preferences = All your choices
page-unsubscribe-title = Stop these emails?
page-unsubscribe-lead = { $controller } sends you emails for “{ $purpose }”. With one click they stop.
page-unsubscribe-button = Stop these emails
page-unsubscribe-hint = Nothing has been changed by opening this page. What you have ordered, and answers to your requests, are not affected.
page-unsubscribed-title = These emails have been stopped
page-unsubscribed-lead = { $controller } will no longer write to you for “{ $purpose }”.
page-unsubscribed-more = What was waiting to be sent does not leave any more. You suffer no disadvantage.
