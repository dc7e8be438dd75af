//! Sentences from which requests of the company's programs and responses of models are made.

use rand::RngExt;
use rand_pcg::Pcg64;

/// The texts of one project's calls. `{place}`, `{name}` and `{number}` stand for words that vary.
pub(super) struct Script {
    pub(super) instruction: &'static str,
    questions: &'static [&'static str],
    facts: &'static [&'static str],
    answers: &'static [&'static str],
}

const PLACES: [&str; 12] = [
    "Lisbon",
    "Kyoto",
    "Patagonia",
    "Tromsø",
    "Oaxaca",
    "Ljubljana",
    "Hanoi",
    "Marrakesh",
    "Tbilisi",
    "Halifax",
    "Palermo",
    "Queenstown",
];
const NAMES: [&str; 6] = ["Amara", "Henrik", "Yuki", "Lucía", "Omar", "Nora"];

/// One script for each project, in the order of the company's projects.
static SCRIPTS: [Script; 5] = [
    Script {
        instruction: "You are the trip planner of Fernweh Travel. Answer in plain words, suggest at most three \
                      options, and name the price of each.",
        questions: &[
            "Where can I go from {place} by train in {number} hours?",
            "Plan {number} days in {place} for two adults and a child.",
            "Is {place} worth a visit in November, and what should I pack?",
            "We missed our connection in {place}. What can we do tonight?",
        ],
        facts: &[
            "Offer {number}: a room for two near the old town of {place}, breakfast included, free cancellation.",
            "Trains to {place} leave every {number} minutes on weekdays and need no reservation.",
            "Travelers rate the guided walk through {place} {number} of 100.",
            "The weather in {place} is mild, with rain on {number} % of days.",
        ],
        answers: &[
            "I would start in {place}, where the walk along the river takes about {number} minutes.",
            "In the evening, the market of {place} is open until eleven and has room for children.",
            "The cheapest option costs {number} euros per person and can be canceled until the day before.",
            "If you have more time, take the train to {place} and stay one night.",
        ],
    },
    Script {
        instruction: "You answer support tickets of Fernweh Travel. Be brief and friendly, never promise a refund, and \
                      hand over to a person if you aren't sure.",
        questions: &[
            "{name} asks why booking {number} to {place} was charged twice.",
            "{name} wants to move the trip to {place} by {number} days.",
            "{name} can't download the invoice for {place}. Sort the ticket and draft an answer.",
            "{name} writes: the hotel in {place} has no record of us. We arrive tonight!",
        ],
        facts: &[
            "Booking {number}: {place}, two travelers, paid by card, not yet confirmed by the hotel.",
            "Policy: changes are free until {number} days before departure.",
            "An earlier ticket of {name} about {place} was closed after {number} hours.",
            "The payment provider reports a hold of {number} euros that expires by itself within a week.",
        ],
        answers: &[
            "Hello {name}, thank you for writing to us.",
            "I have checked booking {number}: only one charge was captured, and the other expires within a week.",
            "Your trip to {place} can be moved once without a fee.",
            "I am handing this over to a colleague, who will call you within {number} minutes.",
        ],
    },
    Script {
        instruction: "Embed the passages.",
        questions: &["Quiet places near {place} with a view of the sea"],
        facts: &[
            "{place}: a small town with {number} houses around a harbor, best reached by ferry.",
            "The museum of {place} shows {number} maps that sailors drew by hand.",
            "A path of {number} kilometers leads from {place} through vineyards to a chapel.",
        ],
        answers: &[],
    },
    Script {
        instruction: "You grade answers of a trip planner from 1 to 5 for correctness, brevity and tone. Explain each \
                      grade in one sentence.",
        questions: &[
            "Grade answer {number} to a question about {place}.",
            "Compare the two plans for {place} and say which one a family would prefer.",
        ],
        facts: &[
            "Question {number}: how do I get from the airport of {place} to the center?",
            "Reference: the express train leaves every {number} minutes and takes half an hour.",
            "Answer A recommends a taxi to {place} for {number} euros and doesn't mention the train.",
            "Answer B names the train, the night bus and the price of both.",
        ],
        answers: &[
            "Correctness: 4. The connection to {place} is right, but the price is {number} cents too low.",
            "Brevity: 5. The answer needs no more than {number} words.",
            "Tone: 3. The traveler is told what to do, not helped to decide.",
            "Overall, plan B is easier with children, since it changes trains only once.",
        ],
    },
    Script {
        instruction: "Extract the supplier, number, date, currency and total of an invoice. Point out what doesn't \
                      add up.",
        questions: &[
            "Read invoice {number} of the hotel in {place}.",
            "Which clauses of the contract with the agency in {place} changed since version {number}?",
        ],
        facts: &[
            "{number} nights in {place}, {number} rooms, city tax not included.",
            "Payable within {number} days; {name} has approved the order.",
            "Clause {number}: the agency in {place} bears the cost of cancellations by the airline.",
            "Minibar, {number} euros, room of {name}.",
        ],
        answers: &[
            "Supplier: Hotel Miramar, {place}. Invoice {number}.",
            "The sum of the lines differs from the total by {number} cents.",
            "Clause {number} is new: it moves the risk of cancellations to us.",
            "Ask {name} to confirm the number of nights before paying.",
        ],
    },
];

impl Script {
    /// The script of the project with this index.
    pub(super) fn of_project(index: usize) -> &'static Self {
        SCRIPTS.get(index).unwrap_or(&SCRIPTS[0])
    }

    pub(super) fn question(&self, random: &mut Pcg64) -> String {
        sentence(random, self.questions)
    }

    /// Facts to answer by, of about this many characters.
    pub(super) fn context(&self, random: &mut Pcg64, characters: usize) -> String {
        text(random, self.facts, characters)
    }

    /// An answer of about this many characters.
    pub(super) fn answer(&self, random: &mut Pcg64, characters: usize) -> String {
        text(random, self.answers, characters)
    }
}

/// Sentences of at least this many characters, in paragraphs.
fn text(random: &mut Pcg64, sentences: &[&str], characters: usize) -> String {
    let mut text = sentence(random, sentences);
    while text.len() < characters {
        text.push_str(if random.random_ratio(1, 4) { "\n\n" } else { " " });
        text.push_str(&sentence(random, sentences));
    }
    text
}

fn sentence(random: &mut Pcg64, sentences: &[&str]) -> String {
    let number = random.random_range(2..60_u32).to_string();
    let (place, name) = (pick(random, &PLACES), pick(random, &NAMES));
    pick(random, sentences).replace("{place}", place).replace("{name}", name).replace("{number}", &number)
}

/// Picks an item; the empty text if there are none.
fn pick<'t>(random: &mut Pcg64, items: &[&'t str]) -> &'t str {
    items.get(random.random_range(0..items.len().max(1))).copied().unwrap_or_default()
}
