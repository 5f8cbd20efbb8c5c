# Mailings of apps, and the page that ends them.
mailing-footer = Otrzymujesz tę wiadomość od { $controller } w związku z celem „{ $purpose }”.
mailing-unsubscribe = Zrezygnuj z tych wiadomości
mailing-preferences = Wszystkie Twoje ustawienia
page-unsubscribe-title = Zakończyć wysyłanie tych wiadomości?
page-unsubscribe-lead = { $controller } wysyła Ci wiadomości w celu „{ $purpose }”. Wystarczy jedno kliknięcie, aby to zakończyć.
page-unsubscribe-button = Zakończ wysyłanie
page-unsubscribe-hint = Otwarcie tej strony niczego nie zmieniło. Nie dotyczy to Twoich zamówień ani odpowiedzi na Twoje wnioski.
page-unsubscribed-title = Wysyłanie zostało zakończone
page-unsubscribed-lead = { $controller } nie będzie już do Ciebie pisać w celu „{ $purpose }”.
page-unsubscribed-more = To, co czekało na wysłanie, nie zostanie już wysłane. Nie poniesiesz żadnych negatywnych skutków.
