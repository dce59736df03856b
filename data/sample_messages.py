"""Customer messages, composed from the sentences and slots of sample_topics.toml."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

TOPICS_FILE = Path(__file__).with_name("sample_topics.toml")
SLOT = re.compile(r"{(\w+)}")

OFFER_SHARE = 0.3  # of first sentences name the campaign's own offer
SMALL_TALK_SHARE = 0.12  # of a conversation's later messages
SECOND_SENTENCE_SHARE = 0.35
OPENER_SHARE = 0.3
CLOSER_SHARE = 0.3
LOWER_CASE_SHARE = 0.2
UPPER_CASE_SHARE = 0.02
TYPO_SHARE = 0.1
NO_FULL_STOP_SHARE = 0.2
EMOJI_SHARE = 0.15
SHORTEST_WORD_WITH_TYPO = 6


@dataclass(frozen=True)
class Campaign:
    campaign_id: str
    topic: str
    offers: list[str]


@dataclass(frozen=True)
class UnicodeMessage:
    topic: str
    text: str


class Phrasebook:
    """Draws every choice from `rng`, so that one seed gives one sequence of messages."""

    def __init__(self, rng: Random) -> None:
        content: dict[str, Any] = tomllib.loads(TOPICS_FILE.read_text(encoding="utf-8"))
        self._rng = rng
        self._shared = content["shared"]
        self._topics = content["topics"]
        self.topics: list[str] = list(self._topics)
        self.campaigns = [
            Campaign(campaign["id"], topic, campaign["offers"])
            for topic, grammar in self._topics.items()
            for campaign in grammar["campaigns"]
        ]
        self.unicode_messages = [UnicodeMessage(**entry) for entry in content["unicode"]]

    def opening(self, campaign: Campaign) -> str:
        """The first message of a conversation: always about the campaign's topic."""
        first = (
            self._filled(self._pick(campaign.offers), campaign.topic)
            if self._chance(OFFER_SHARE)
            else self._topic_sentence(campaign.topic)
        )
        sentences = [first]
        if self._chance(SECOND_SENTENCE_SHARE):
            sentences.append(self._topic_sentence(campaign.topic))
        if self._chance(OPENER_SHARE):
            opener = self._pick(self._shared["openers"])
            if opener.endswith(","):
                sentences[0] = _continued(sentences[0])
            sentences.insert(0, opener)
        if self._chance(CLOSER_SHARE):
            closer = self._pick(self._shared["closers"])
            sentences.append(closer.replace("{name}", self._pick(self._shared["names"])))
        return self._as_typed(" ".join(sentences))

    def reply(self, campaign: Campaign) -> str:
        """A later message of the conversation: sometimes only small talk."""
        if self._chance(SMALL_TALK_SHARE):
            return self._as_typed(self._pick(self._shared["small_talk"]))
        return self._as_typed(self._topic_sentence(campaign.topic))

    def long_text(self, campaign: Campaign, characters: int) -> str:
        """Topic sentences, cut to exactly `characters` and ending in a full stop."""
        sentences = self._topic_sentence(campaign.topic)
        while len(sentences) < characters:
            sentences += " " + self._topic_sentence(campaign.topic)
        return sentences[: characters - 1] + "."

    def _topic_sentence(self, topic: str) -> str:
        return self._filled(self._pick(self._topics[topic]["sentences"]), topic)

    def _filled(self, sentence: str, topic: str) -> str:
        slots = self._topics[topic]["slots"]
        return SLOT.sub(lambda match: self._pick(slots[match.group(1)]), sentence)

    def _as_typed(self, text: str) -> str:
        """People hurry: lower case, shouting, swapped letters, lost full stops, emoji."""
        if self._chance(LOWER_CASE_SHARE):
            text = text.lower()
        elif self._chance(UPPER_CASE_SHARE):
            text = text.upper()
        if self._chance(TYPO_SHARE):
            text = self._with_typo(text)
        if self._chance(NO_FULL_STOP_SHARE):
            text = text.rstrip(".")
        if self._chance(EMOJI_SHARE):
            text = f"{text} {self._pick(self._shared['emoji'])}"
        return text

    def _with_typo(self, text: str) -> str:
        words = text.split(" ")
        long_words = [
            index
            for index, word in enumerate(words)
            if len(word) >= SHORTEST_WORD_WITH_TYPO and word.isalpha()
        ]
        if not long_words:
            return text
        index = self._pick(long_words)
        word = words[index]
        at = 1 + int(self._rng.random() * (len(word) - 3))
        words[index] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return " ".join(words)

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _pick(self, choices: list[Any]) -> Any:
        return self._rng.choice(choices)


def _continued(sentence: str) -> str:
    """The sentence as it reads after a comma."""
    if sentence.startswith("I "):
        return sentence
    return sentence[0].lower() + sentence[1:]
