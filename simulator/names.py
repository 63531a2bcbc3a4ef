"""Word lists: invented combinations of common names, companies, titles and pages."""

import numpy as np
from numpy.typing import NDArray

COUNTRIES = ("US", "GB", "DE", "FR")
COUNTRY_NAMES = ("United States", "United Kingdom", "Germany", "France")
COUNTRY_SHARE = (0.50, 0.20, 0.18, 0.12)
CURRENCIES = ("USD", "GBP", "EUR", "EUR")
LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR")
ZONES = ("America/New_York", "Europe/London", "Europe/Berlin", "Europe/Paris")

FIRST = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard"
    " Susan Joseph Jessica Thomas Karen Daniel Nancy Matthew Lisa Anthony Sandra Marcus Ashley"
    " Steven Emily Paul Donna Andrew Michelle Joshua Carol Kevin Amanda Brian Melissa José Renée",
    "Oliver Amelia George Isla Harry Ava Noah Lily Jack Sophie Leo Grace Oscar Freya Archie Evie"
    " Henry Poppy Theo Ella Freddie Charlotte Alfie Daisy Arthur Willow Edward Phoebe Ewan Niamh"
    " Rhys Siân Callum Zoë Hamish Imogen Rory Beatrice Alistair Harriet",
    "Lukas Anna Jonas Lena Felix Marie Paul Sophie Maximilian Laura Tobias Julia Jürgen Katharina"
    " Stefan Sabine Björn Käthe Matthias Ulrike Sören Jörg Andreas Petra Wolfgang Heike Günther"
    " Anja Florian Birgit Sebastian Monika Dieter Renate Fritz Hannelore Kai Silke Uwe Martina",
    "Gabriel Louise Raphaël Jade Louis Emma Arthur Alice Jules Chloé Hugo Inès Léo Léa Adrien"
    " Manon Mathéo Zoé Étienne Camille François Hélène Benoît Élodie Gaëlle Thibault Aurélie Rémi"
    " Noémie Cédric Margaux Loïc Sandrine Jérôme Océane Didier Pauline Yves Solène Pascal",
)
LAST = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez"
    " Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris"
    " Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill"
    " Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts O'Brien Peña"
    " Whitfield Abernathy Castellano Lindqvist Okafor Delacroix Fairbanks Holloway",
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans"
    " Walker White Roberts Green Hall Wood Jackson Clarke Harrison Hughes Edwards Turner Baker"
    " Cooper Khan Morris Ward Bennett Ellis Fletcher Gallagher Holmes Iqbal Jennings Kaur Lawson"
    " Macdonald Nash Osborne Pritchard Quinn Reid Sinclair Thornton Underwood Vaughan Whittaker"
    " Ashworth Blackwood Carmichael Drummond Featherstone Goodwin Hargreaves Kilpatrick O'Neill"
    " Llewellyn",
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer"
    " Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange"
    " Werner Krause Lehmann Köhler Maier Herrmann König Walter Huber Kaiser Fuchs Peters Lang"
    " Scholz Möller Weiß Jung Hahn Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck"
    " Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm",
    "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre"
    " Michel Garcia David Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont"
    " Lambert Bonnet François Martinez Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry"
    " Roussel Nicolas Perrin Morin Mathieu Clément Gauthier Dumont Lopez Fontaine Chevalier Robin"
    " Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval Joly Gautier",
)
PROVIDERS = (
    "gmail.com outlook.com yahoo.com icloud.com hotmail.com",
    "gmail.com outlook.com hotmail.co.uk btinternet.com icloud.com",
    "gmail.com web.de gmx.de t-online.de outlook.com",
    "gmail.com orange.fr free.fr outlook.com laposte.net",
)
COMPANY_FIRST = (
    "Northwind Bluepeak Silverline Oakhaven Redstone Brightwater Ironbridge Clearfield Stonegate"
    " Harborview Maplewood Evergreen Falconer Granite Highmoor Juniper Kestrel Lakeshore Meridian"
    " Nimbus Orchard Pinecrest Quarry Ravenna Sandpiper Timberline Umbra Verdant Westbrook Yarrow"
    " Zephyr Ashgrove Birchway Copperleaf Dunmore Elmstead Foxglove Glenrock Hawthorn Inverness"
    " Larkspur Millbrook Norfolk Osprey Pelham Quillon Rosewood Saltmarsh Thornbury Wexford"
    " Ambervale Beacon Cobalt Driftwood Eastgate Fernhill Goldcrest Hollybank Ivory Kingsley"
)
COMPANY_SECOND = (
    "Labs Systems Logistics Foods Robotics Energy Finance Health Media Networks Materials Retail"
    " Software Analytics Insurance Textiles Motors Pharma Packaging Aerospace Telecom Capital"
    " Studios Instruments Marine Optics Chemicals Partners Learning Security Travel Homes Dental"
    " Biotech Freight Printing Water Steel Glass Paper Games Hotels Farms Legal Consulting Tools"
    " Mobility Semiconductors Events Solar Rail Furniture Sports Beverages Timber Diagnostics Cloud"
    " Payments Agritech Design"
)
COMPANY_FORM = ("Inc.", "Ltd", "GmbH", "S.A.S.")
INDUSTRIES = (
    "Technology|Finance|Healthcare|Manufacturing|Retail|Transportation|Media|Education"
    "|Energy|Hospitality"
)
TITLES = (
    "VP Marketing|Head of Growth|Marketing Operations Manager|CFO|Data Engineer|Procurement Lead"
    "|Director, Demand Generation|CTO|Product Manager|Account Executive|Security Analyst|CEO"
)
DEPARTMENTS = (
    "Marketing|Marketing|Marketing|Finance|Engineering|Procurement|Marketing|Engineering|Product"
    "|Sales|Security|Executive"
)
_ASCII = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "ë": "e", "ï": "i",
     "î": "i", "ô": "o", "â": "a", "ç": "c", "ñ": "n", "á": "a", "É": "e", "Ä": "ae", "Ö": "oe",
     "Ü": "ue", "'": "", "ù": "u", "û": "u"}
)  # fmt: skip


def split(words: str) -> list[str]:
    """The words of one list: separated by `|` where a word holds blanks, else by blanks."""
    return words.split("|") if "|" in words else words.split()


def slug(name: str) -> str:
    """A name as it stands in an e-mail address: lower case ASCII letters."""
    return name.translate(_ASCII).lower()


def name_rows() -> list[tuple[int, int, str, str, str, str]]:
    """(country, number, first, first slug, last, last slug), padded to the longest list."""
    rows = []
    for country, (firsts, lasts) in enumerate(zip(FIRST, LAST, strict=True)):
        first, last = split(firsts), split(lasts)
        for number in range(max(len(first), len(last))):
            f, name = first[number % len(first)], last[number % len(last)]
            rows.append((country, number, f, slug(f), name, slug(name)))
    return rows


def zipf_weights(size: int, shift: float, exponent: float) -> NDArray[np.float64]:
    """Weights 1/(rank+shift)^exponent, summing to 1: a few common values, a long tail."""
    weights = 1.0 / (np.arange(size) + shift) ** exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)
