page-language = Język
page-close = Tę stronę można już zamknąć.

page-controller = Administrator danych
page-purpose = Cel
page-wording = Treść zgody
page-regulation = Więcej informacji

# Pytanie.
page-confirm-title = Czy wyraża Pan(i) zgodę?
page-confirm-lead = { $controller } prosi o zgodę. Prosimy o zapoznanie się z treścią i udzielenie odpowiedzi.
page-voluntary = Odpowiedź jest dobrowolna: brak zgody nie wiąże się z żadnymi negatywnymi konsekwencjami.
page-withdraw = Udzieloną zgodę można w każdej chwili wycofać ze skutkiem na przyszłość.
page-tick = Wyrażam zgodę: „{ $content }” ({ $controller }), w brzmieniu podanym powyżej, wersja { $version }.
page-tick-missing = Aby wyrazić zgodę, prosimy zaznaczyć pole. W przeciwnym razie prosimy wybrać „Nie wyrażam zgody”.
page-agree = Wyrażam zgodę
page-disagree = Nie wyrażam zgody
page-valid-until = Termin na odpowiedź: { $date }

# Po odpowiedzi.
page-granted-title = Dziękujemy, zgoda została odnotowana
page-granted-lead = Zgoda „{ $content }” ({ $controller }) została udzielona.
page-granted-withdraw = Zgodę można w każdej chwili wycofać ze skutkiem na przyszłość. Wystarczy wiadomość na adres podany poniżej.
page-refused-title = Odpowiedź została odnotowana
page-refused-lead = Zgoda „{ $content }” ({ $controller }) nie została udzielona. Dane nie będą wykorzystywane w tym celu.
page-refused-later = Nie wiąże się to z żadnymi negatywnymi konsekwencjami, a my nie zapytamy ponownie bez nowej prośby.

# Jednakowo dla linków nieznanych, wygasłych i cudzych.
page-invalid-title = Ten link jest nieprawidłowy
page-invalid-lead = Mógł wygasnąć, zostać zastąpiony nowszym lub zostać skopiowany tylko częściowo. Niczego nie zmieniono.
page-invalid-next = Prosimy ponownie otworzyć link z najnowszej wiadomości. Jeśli to nie pomoże, prosimy o kontakt.

page-trouble-title = W tej chwili nie możemy odpowiedzieć
page-trouble-lead = Wystąpiła u nas przejściowa usterka. Nic nie przepadło, a link pozostaje ważny.
page-trouble-next = Prosimy spróbować ponownie za kilka minut. Jeśli odpowiedź została właśnie wysłana, prosimy ponownie otworzyć link z wiadomości: strona pokaże, czy odpowiedź do nas dotarła.

page-home-title = Rescind działa
page-home-lead = Ta usługa obsługuje sprawy dotyczące ochrony danych. Aby odpowiedzieć na prośbę, należy użyć osobistego linku z otrzymanej wiadomości.
