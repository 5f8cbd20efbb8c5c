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

# Własna strona osoby, której dane dotyczą.
page-granted-preferences = Zgodę możesz wycofać w każdej chwili ze skutkiem na przyszłość: na własnej stronie, dwoma kliknięciami.
page-preferences-title = Twoje zgody
page-preferences-lead = Tutaj widzisz zgody udzielone administratorowi { $controller }. Każdą możesz wycofać w dowolnej chwili.
page-preferences-done = Twój wybór został zapisany i obowiązuje od razu.
page-preferences-nothing = Obecnie nic tutaj nie wymaga Twojej zgody.
page-preferences-personal = Ten adres jest osobisty i pozostaje ważny. Kto go ma, może zobaczyć powyższe wybory i wycofać zgodę, ale nie pozna ani Twojego imienia i nazwiska, ani adresu.
page-state-granted = Zgoda udzielona, obowiązuje od: { $date }.
page-state-ends = Zgoda wygasa sama: { $date }.
page-state-unconfirmed = Udzielono zgody dnia { $date }. Liczy się dopiero po ponownym potwierdzeniu.
page-state-none = Nie ma na to Twojej zgody.
page-state-requested = Pytanie wysłano: { $date }; nie ma jeszcze odpowiedzi.
page-state-refused = Brak zgody (odpowiedź: { $date }).
page-state-withdrawn = Zgoda wycofana: { $date }.
page-state-expired = Zgoda wygasła: { $date }.
page-state-customer = Zakup u nas: { $date }, bez Twojego sprzeciwu. Możemy informować Cię o naszych podobnych produktach lub usługach.
page-state-objected = Twój sprzeciw: { $date }. Nie piszemy do Ciebie w tej sprawie.
page-similar-to = Podobne do Twoich zakupów: { $what }.
page-wording-agreed = Treść udzielonej zgody
page-withdraw-one = Wycofaj: { $purpose }
page-withdraw-all = Wycofaj wszystko
page-withdraw-title = Wycofać zgodę?
page-withdraw-lead = Za chwilę poinformujesz { $controller }, że Twoich danych nie wolno już używać w celu:
page-withdraw-effect = Działa to od razu. To, co zrobiono dotąd, pozostaje zgodne z prawem. Nie ponosisz żadnych negatywnych skutków, a zgody możesz ponownie udzielić, kiedy zechcesz.
page-withdraw-yes = Tak, wycofuję
page-withdraw-no = Wróć, niczego nie zmieniaj
page-stop-one = Zakończ: { $purpose }
page-stop-title = Zakończyć to?
page-stop-effect = Działa to od razu i na stałe: żaden późniejszy zakup tego nie zmieni. Nie ponosisz żadnych negatywnych skutków.
page-stop-yes = Tak, kończę

# Udzielanie zgody i sprostowanie, po kodzie z e-maila.
page-change-title = Udziel zgody, popraw dane
page-change-lead = W obu przypadkach wysyłamy kod na Twój adres e-mail, aby nikt nie mógł tego zrobić za Ciebie.
page-change-link = Udziel zgody lub popraw dane
page-back = Wróć do swoich zgód
page-unlock-title = Najpierw kod e-mailem
page-unlock-lead = Aby udzielić zgody lub poprawić dane, potrzebny jest kod. Wysyłamy go na znany nam Twój adres e-mail. Dzięki temu nikt nie zrobi tego za Ciebie, nawet jeśli ta strona została komuś przekazana.
page-unlock-send = Wyślij mi kod
page-unlock-sent = Wysłaliśmy wiadomość e-mail z ośmiocyfrowym kodem. Czas ważności w minutach: { $minutes }.
page-unlock-code = Kod
page-unlock-go = Dalej
page-unlock-again = Wyślij nowy kod
page-unlock-wrong = Ten kod jest nieprawidłowy albo już nieważny. Sprawdź go lub zamów nowy.
page-unlock-many = Na ten adres zamówiono zbyt wiele wiadomości. Spróbuj ponownie jutro. Zgodę możesz wycofać w każdej chwili, bez kodu.
page-unlock-unreachable = Nie znamy adresu e-mail, pod którym możemy się z Tobą skontaktować. Napisz na adres podany poniżej.
page-unlock-closed = Przetwarzanie Twoich danych jest obecnie ograniczone i nie wolno ich zmieniać. Zgodę nadal możesz wycofać.
page-unlock-stale = Czas na zmiany minął. Zamów nowy kod.
page-edit-offers = Na co możesz wyrazić zgodę
page-edit-no-offers = Obecnie nie ma nic więcej, na co można wyrazić zgodę.
page-edit-fields = Twoje dane
page-edit-empty = Puste pole usuwa wartość.
page-edit-save = Zapisz
page-tick-only = Zaznacz pole, jeśli wyrażasz zgodę.
page-field-wrong = Sprawdź tę wartość.

# Informacja o przetwarzaniu danych.
page-privacy-title = Informacja o ochronie danych
page-privacy-officer = Inspektor ochrony danych
page-privacy-purposes = Do czego używamy danych osobowych
page-privacy-data = Jakie dane
page-privacy-interests = Nasze prawnie uzasadnione interesy
page-privacy-period = Jak długo
page-privacy-period-default = Tak długo, jak wymaga tego ten cel i prawo.
page-privacy-marketing = To marketing bezpośredni. Możesz się mu sprzeciwić w każdej chwili bez podawania przyczyn; wtedy natychmiast przestaniemy.
page-privacy-recipients = Kto otrzymuje dane
page-privacy-transfers = Przekazywanie poza Europejski Obszar Gospodarczy
page-privacy-origins = Skąd pochodzą dane
page-privacy-rights = Twoje prawa
page-privacy-authority = Organ nadzorczy
page-privacy-not-providing = Jeśli dane nie zostaną podane
page-privacy-automated = Decyzje zautomatyzowane
page-privacy-automated-none = Nie ma decyzji opartych wyłącznie na zautomatyzowanym przetwarzaniu, w tym profilowaniu, które wywołują skutki prawne lub w podobny sposób istotnie wpływają na osobę (art. 22 RODO).
page-basis-consent = Podstawą jest Twoja zgoda (art. 6 ust. 1 lit. a RODO).
page-basis-contract = Jest to potrzebne do umowy z Tobą lub do jej przygotowania na Twoje żądanie (art. 6 ust. 1 lit. b RODO).
page-basis-legal-obligation = Zobowiązuje nas do tego prawo (art. 6 ust. 1 lit. c RODO).
page-basis-vital-interests = Chroni to żywotne interesy (art. 6 ust. 1 lit. d RODO).
page-basis-public-task = Jest to potrzebne do zadania w interesie publicznym (art. 6 ust. 1 lit. e RODO).
page-basis-legitimate-interest = Podstawą są prawnie uzasadnione interesy (art. 6 ust. 1 lit. f RODO).
page-basis-soft-opt-in = Podstawą są dane kontaktowe podane przy zakupie; sprzeciw możesz wnieść w każdej chwili. Informujemy Cię o naszych podobnych produktach lub usługach (art. 13 ust. 2 dyrektywy 2002/58/WE).
page-basis-special = Danych szczególnie chronionych używamy tylko za Twoją wyraźną zgodą (art. 9 ust. 2 lit. a RODO).
page-right-access = Dostęp: dowiedzieć się, czy i jakie Twoje dane przetwarzamy, i otrzymać ich kopię (art. 15 RODO).
page-right-rectification = Sprostowanie: żądać poprawienia danych nieprawidłowych i uzupełnienia niekompletnych (art. 16 RODO).
page-right-erasure = Usunięcie: żądać usunięcia danych, jeśli nie ma już powodu ich przechowywać (art. 17 RODO).
page-right-restriction = Ograniczenie: żądać, aby dane przechowywano, ale ich nie używano, na przykład gdy sprawdzana jest ich prawidłowość (art. 18 RODO).
page-right-portability = Przenoszenie: otrzymać podane nam dane w formacie nadającym się do odczytu maszynowego lub kazać je przesłać komu innemu (art. 20 RODO).
page-right-object = Sprzeciw: w każdej chwili sprzeciwić się, z przyczyn związanych ze szczególną sytuacją, przetwarzaniu opartemu na prawnie uzasadnionych interesach lub zadaniu publicznym, a marketingowi bezpośredniemu bez żadnych przyczyn (art. 21 RODO).
page-right-withdraw = Wycofanie: wycofać zgodę w każdej chwili. To, co zrobiono wcześniej, pozostaje zgodne z prawem (art. 7 ust. 3 RODO).
page-right-complain = Skarga: wnieść skargę do organu nadzorczego, w szczególności tam, gdzie mieszkasz lub pracujesz, albo gdzie doszło do naruszenia (art. 77 RODO).
page-right-how = Wystarczy wiadomość na powyższy adres. Nic to nie kosztuje.

# Formularz zgody.
page-form-lead = { $controller } prosi o Twoją zgodę. Odpowiedz na każde pytanie; obie odpowiedzi są równie dobre.
page-form-stale = Ta strona była otwarta zbyt długo. Sprawdź odpowiedzi i wyślij je jeszcze raz.
page-form-many = W krótkim czasie zamówiono zbyt wiele. Spróbuj ponownie później.
page-form-answer-missing = Wybierz jedną z dwóch odpowiedzi.
page-form-email = Adres e-mail
page-form-email-hint = Wyślemy wiadomość e-mail, w której potwierdzisz udzielone zgody.
page-form-email-wrong = Podaj adres e-mail, na przykład ana@example.org.
page-form-terms = Akceptuję: { $content }, wersja { $version }
page-form-terms-missing = Zaakceptuj warunki albo opuść tę stronę.
page-form-send = Wyślij odpowiedzi
page-form-sent-title = Dziękujemy za odpowiedzi
page-form-sent-lead = Jeśli jest coś do potwierdzenia, wiadomość jest w drodze na podany adres. Udzielona zgoda liczy się dopiero po jej potwierdzeniu w tej wiadomości.
page-form-sent-next = Jeśli nic nie dotrze, sprawdź adres i folder ze spamem albo spróbuj ponownie jutro.
page-form-none = Nie udzielono żadnej zgody, więc nic nie zapisano i żadna wiadomość nie zostanie wysłana.

# Tematy.
page-topic-left = { $topic }: rezygnacja z tego tematu: { $date }.
page-topic-leave = Zrezygnuj: { $topic }
page-topic-title = Zrezygnować z tego tematu?
page-topic-lead = Od teraz { $controller } nie wysyła Ci już niczego na temat: { $topic }.
page-topic-stays = Twoja zgoda na „{ $purpose }” pozostaje bez zmian.
page-topic-yes = Tak, rezygnuję
page-topics-left = Tematy, z których zrezygnowano
page-topic-choose = Wybierz ponownie: { $topic } ({ $purpose })

page-email-title = Potwierdź swój nowy adres e-mail
page-email-lead = Odtąd wiadomości od { $controller } będą przychodzić na adres, na który otrzymano ten link.
page-email-yes = Tak, to mój adres
page-email-done-title = Adres został zmieniony
page-email-done-lead = Wiadomości od { $controller } przychodzą teraz na nowy adres. Zgody potwierdzone pod starym adresem trzeba potwierdzić ponownie, zanim posłużą do wysyłek.
page-email-taken = Tego adresu nie można tutaj przejąć, ponieważ należy już do innej osoby. Napisz na adres podany niżej.
page-edit-email = Adres e-mail
page-edit-email-now = Obecnie: { $address }
page-edit-email-new = Nowy adres e-mail
page-edit-email-send = Wyślij link na nowy adres
page-edit-email-sent = Wysłaliśmy link na nowy adres. Zmiana liczy się, gdy go otworzysz i potwierdzisz.
page-edit-email-hint = Dopóki nie otworzysz wysłanego tam linku i nie potwierdzisz, wszystko pozostaje bez zmian.
