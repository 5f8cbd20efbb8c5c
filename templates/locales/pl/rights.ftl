# Odpowiedzi na wnioski osoby, której dane dotyczą.
mail-restricted-subject = Przetwarzanie Pana/Pani danych jest ograniczone
mail-restricted-intro = Zgodnie z wnioskiem przetwarzanie Pana/Pani danych jest ograniczone od dnia { $date } (art. 18 RODO).
mail-restricted-means = Do odwołania jedynie przechowujemy te dane. Nie zmieniamy ich ani nie wykorzystujemy i nie wysyłamy niczego poza odpowiedziami na Pana/Pani własne wnioski. W każdej chwili można wycofać zgodę, wnieść sprzeciw i składać wnioski. Poinformujemy, zanim ograniczenie się skończy.
mail-ending-subject = Ograniczenie przetwarzania danych się kończy
mail-ending-intro = Ograniczenie przetwarzania Pana/Pani danych się kończy (art. 18 RODO). Informujemy o tym z wyprzedzeniem: po tej wiadomości możemy ponownie przetwarzać dane w zakresie dozwolonym przez prawo.
mail-ending-upheld = Sprzeciw został uwzględniony: Pana/Pani dane nie będą już wykorzystywane do celu, którego dotyczył.
mail-ending-overridden = Rozpatrzyliśmy sprzeciw. Istnieją ważne prawnie uzasadnione podstawy przetwarzania, nadrzędne wobec Pana/Pani interesów, dlatego będzie ono kontynuowane.
mail-ending-rights = Jeśli nie zgadza się Pan(i) z tym, można wnieść skargę do organu nadzorczego ochrony danych lub zwrócić się do sądu. W razie pytań prosimy pisać na adres podany niżej.
mail-rights-footer = Otrzymuje Pan(i) tę wiadomość jako odpowiedź na swój wniosek. Wiadomość nie zawiera reklam ani elementów śledzących.
