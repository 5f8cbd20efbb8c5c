mail-greeting = Dzień dobry,
mail-greeting-name = Dzień dobry, { $name },

# Prośba o potwierdzenie (double opt-in).
mail-confirm-subject = Prosimy o potwierdzenie: { $content }
mail-confirm-preheader = { $controller } prosi o zgodę. Prosimy o odpowiedź do { $date }
mail-confirm-heading = Prosimy o odpowiedź
mail-confirm-intro = Dnia { $date } otrzymaliśmy prośbę o odnotowanie zgody dla tego adresu e-mail. Prosimy o informację, czy wyraża Pan(i) zgodę. Dotychczas niczego nie odnotowaliśmy: liczy się wyłącznie Pana/Pani własna odpowiedź.
mail-confirm-ignore = Jeśli ta prośba nie pochodzi od Pana/Pani, nie trzeba nic robić: żadna zgoda nie zostanie odnotowana. Poza co najwyżej jednym przypomnieniem nie zapytamy ponownie bez nowej prośby.

# Jedyne przypomnienie.
mail-remind-subject = Przypomnienie – prosimy o potwierdzenie: { $content }
mail-remind-preheader = { $controller } wciąż czeka na odpowiedź. Link jest ważny do { $date }
mail-remind-heading = Wciąż czekamy na odpowiedź
mail-remind-intro = Dnia { $date } otrzymaliśmy prośbę o odnotowanie zgody dla tego adresu e-mail i nie mamy jeszcze Pana/Pani odpowiedzi. To jedyne przypomnienie.
mail-remind-ignore = Jeśli nie chce Pan(i) wyrazić zgody lub prośba nie pochodzi od Pana/Pani, nie trzeba nic robić: prośba wygaśnie { $date }, żadna zgoda nie zostanie odnotowana i nie zapytamy ponownie bez nowej prośby.

# Czego dotyczy prośba i droga do strony.
mail-controller-label = O zgodę prosi
mail-purpose-label = Cel
mail-wording-label = Treść zgody
mail-document = Dołączyliśmy do tej wiadomości dokument, którego dotyczy zgoda.
mail-answer-button = Przeczytaj i odpowiedz
mail-answer-hint = Jeśli przycisk nie działa, prosimy otworzyć ten adres w przeglądarce:
mail-answer-text = Aby wyrazić zgodę lub odmówić, prosimy otworzyć tę stronę:
mail-refuse = Na tej samej stronie można również odmówić.
mail-withdraw = Udzieloną zgodę można w każdej chwili wycofać ze skutkiem na przyszłość.
mail-valid-until = Termin ważności linku: { $date } Link jest osobisty, dlatego prosimy nie przekazywać tej wiadomości dalej.

mail-footer = Otrzymuje Pan(i) tę wiadomość, ponieważ dla tego adresu poproszono o zgodę. Wiadomość nie zawiera reklam ani elementów śledzących.

# Kod do własnej strony.
mail-code-subject = Twój kod: { $controller }
mail-code-heading = Twój kod
mail-code-intro = Ktoś, prawdopodobnie Ty, chce na Twojej stronie udzielić zgody lub poprawić dane. Wpisz tam ten kod:
mail-code-valid = Czas ważności kodu w minutach: { $minutes }.
mail-code-ignore = Jeśli to nie Ty, nie musisz nic robić: bez tego kodu nic się nie zmieni. Nie przekazuj go nikomu.
mail-code-footer = Otrzymujesz tę wiadomość, ponieważ na Twojej stronie zamówiono kod. Nie zawiera reklam ani śledzenia.
mail-preferences = Twoje zgody w każdej chwili:

mail-address-subject = Potwierdź swój nowy adres e-mail
mail-address-heading = Czy to Twój nowy adres?
mail-address-intro = Ktoś, prawdopodobnie Ty, podał ten adres jako nowy na swojej stronie w { $controller }. Gdy go potwierdzisz, wiadomości od { $controller } będą przychodzić tutaj.
mail-address-button = Potwierdź adres
mail-address-link = Jeśli przycisk nie działa, otwórz ten adres:
mail-address-valid = Link jest ważny do { $date }. Jeśli to nie Ty, nie musisz nic robić: wtedy nic się nie zmieni.
mail-address-footer = Otrzymujesz tę wiadomość, ponieważ ten adres podano na stronie osobistej. Nie zawiera reklam ani śledzenia.
