"""The pages of a listening test as HTML: no scripts or styles within, and nothing that tells what is heard."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from rebalance.web.listening_test._listening_plans import ListeningPlan
from rebalance.web.listening_test._said_answers import Answer
from rebalance.web.listening_test._trial_orders import BlindTrial

SCALE = ("Bad", "Poor", "Fair", "Good", "Excellent")
LETTERS = "ABCDEFGHIJKL"

_HEADINGS = {"mushra": "Rate the sounds", "ab": "Compare the sounds", "preference": "Compare the sounds"}
_NEITHER = {"ab": "No difference", "preference": "No preference"}
_START_POSITION = 50


def start_page(plan: ListeningPlan, n_trials: int) -> str:
    """Return the page on which a participant agrees, or comes back."""
    pages = "1 page" if n_trials == 1 else f"{n_trials} pages"
    return _page(
        plan.title,
        f"""<h1>{escape(plan.title)}</h1>
{_paragraphs(plan.shown_consent)}
<ul class="facts"><li>The test has {pages}. You may stop and come back.</li>
<li>Use headphones in a quiet room. If you wear hearing aids, take them out: the sounds are amplified already.</li>
<li>Begin with a low volume. Set it once, and leave it as it is.</li></ul>
<form class="card" id="enter">
<label class="tick"><input type="checkbox" name="agrees" required> I have read this and take part</label>
<button class="main">Begin</button>
<p id="status" role="status"></p>
</form>
<form class="card" method="get" action="/resume">
<h2>Go on where you stopped</h2>
<label for="code">Your code</label>
<div class="row"><input id="code" name="code" autocomplete="off" spellcheck="false" required>
<button>Go on</button></div>
</form>""",
        script="listening-test-start.js",
    )


def overview_page(plan: ListeningPlan, token: str, n_trials: int, next_place: int | None) -> str:
    """Return the page that a participant's link leads to."""
    n_done = n_trials if next_place is None else next_place
    address = f"/t/{token}/finish" if next_place is None else f"/t/{token}/{next_place + 1}"
    action = "To the end" if next_place is None else "Go on" if next_place else "To the first page"
    return _page(
        plan.title,
        f"""<h1>{escape(plan.title)}</h1>
<p class="lead">{escape(plan.shown_instructions)}</p>
<section class="card"><h2>Your code</h2>
<p class="code">{escape(token)}</p>
<p>Keep it, or the <a href="/t/{escape(token)}">link to this page</a>. With either you can stop and go on later.</p>
</section>
<p>{n_done} of {n_trials} done.</p>
<p><a class="button main" href="{escape(address)}">{action}</a></p>""",
    )


def trial_page(
    plan: ListeningPlan, token: str, place: int, n_trials: int, blind: BlindTrial, kept: Mapping[str, Answer]
) -> str:
    """Return the page of a trial, with the answers given before."""
    rates = plan.kind == "mushra"
    sounds = "".join(
        (_rated_sound if rates else _compared_sound)(LETTERS[index], blind_id, kept.get(blind_id))
        for index, blind_id in enumerate(blind.blind_ids)
    )
    reference = (
        f'<button type="button" class="listen" data-sound="{escape(blind.reference_id)}" aria-pressed="false"'
        ' data-key="r" disabled>Reference</button>'
        if blind.reference_id
        else ""
    )
    back = f'<a class="button" href="/t/{escape(token)}/{place}">Back</a>' if place else ""
    last = "Finish" if place + 1 == n_trials else "Next"
    return _page(
        f"{place + 1} of {n_trials}: {plan.title}",
        f"""<p class="count" id="count">Trial {place + 1} of {n_trials}</p>
<progress max="{n_trials}" value="{place}" aria-labelledby="count"></progress>
<h1>{_HEADINGS[plan.kind]}</h1>
<p class="lead">{escape(plan.shown_instructions)}</p>
<form id="trial" data-kind="{plan.kind}" data-address="/t/{escape(token)}/{place + 1}"
 data-sounds="/t/{escape(token)}/sounds/">
<div class="player card">
<div class="row"><button type="button" class="main" id="play" disabled>Play</button>{reference}
<label class="tick"><input type="checkbox" id="loop" checked> Repeat</label></div>
<label class="unseen" for="seek">Place in the music</label>
<input type="range" id="seek" min="0" max="1" step="0.01" value="0" aria-valuetext="0 s" disabled>
</div>
<{"ol" if rates else "div"} class="{"sounds" if rates else "pair"}">{sounds}</{"ol" if rates else "div"}>
{"" if rates else _choices(plan, blind, kept)}
<p class="notice" id="status" role="status">Loading the sounds ...</p>
<div class="row end">{back}
<button class="main" id="next" aria-disabled="true" aria-describedby="status">{last}</button></div>
</form>
{_keys(plan, len(blind.blind_ids))}""",
        script="listening-test.js",
    )


def finish_page(plan: ListeningPlan, token: str) -> str:
    """Return the page after the last trial."""
    return _page(
        plan.title,
        f"""<h1>Thank you</h1>
<p class="lead">All your answers are stored. You can close this page.</p>
<p>To change an answer, <a href="/t/{escape(token)}/1">go through the pages again</a>; the last answer counts.</p>""",
    )


def refusal_page(message: str) -> str:
    """Return a page that says what is wrong."""
    return _page(
        "Not found", f'<h1>Not found</h1><p class="notice">{escape(message)}</p><p><a href="/">To the start</a></p>'
    )


def _rated_sound(letter: str, blind_id: str, kept: Answer | None) -> str:
    """Return the button and the slider of a sound."""
    rating = _START_POSITION if kept is None or kept.rating is None else kept.rating
    labels = "".join(f"<span>{label}</span>" for label in SCALE)
    return f"""<li class="sound card">{_listen_button(letter, blind_id, kept)}
<div class="rate"><div class="line"><label for="rate-{letter}">Sound {letter}</label>
<output for="rate-{letter}" id="said-{letter}">not rated yet</output></div>
<input type="range" id="rate-{letter}" data-rates="{escape(blind_id)}" data-letter="{letter}" min="0" max="100" step="1"
 value="{rating:g}" data-rated="{"no" if kept is None else "yes"}" aria-valuetext="not rated yet">
<div class="scale" aria-hidden="true">{labels}</div></div></li>"""


def _compared_sound(letter: str, blind_id: str, kept: Answer | None) -> str:
    return f'<div class="sound card">{_listen_button(letter, blind_id, kept)}</div>'


def _listen_button(letter: str, blind_id: str, kept: Answer | None) -> str:
    plays = 0 if kept is None else kept.plays
    return (
        f'<button type="button" class="listen" data-sound="{escape(blind_id)}" data-judged="{letter}"'
        f' data-plays="{plays}" data-key="{letter.lower()}" aria-label="Listen to {letter}"'
        f' aria-pressed="false" disabled>{letter}</button>'
    )


def _choices(plan: ListeningPlan, blind: BlindTrial, kept: Mapping[str, Answer]) -> str:
    """Return the choice between two sounds."""
    values = [*zip(LETTERS, blind.blind_ids, strict=False), (_NEITHER[plan.kind], "")]
    chosen = next((blind_id for blind_id, answer in kept.items() if answer.chosen), "") if kept else None
    options = "".join(
        f'<label class="tick card"><input type="radio" name="choice" value="{escape(value)}"'
        f"{' checked' if value == chosen else ''}> {label}</label>"
        for label, value in values
    )
    question = "Closer to the reference" if plan.kind == "ab" else "Preferred"
    return f'<fieldset><legend>{question}</legend><div class="row">{options}</div></fieldset>'


def _keys(plan: ListeningPlan, n_sounds: int) -> str:
    """Return what the keys do."""
    reference = " <kbd>R</kbd> the reference," if plan.has_reference else ""
    rate = "; the arrow keys then rate it" if plan.kind == "mushra" else ""
    return f"""<details class="keys"><summary>Keys</summary>
<p><kbd>A</kbd> to <kbd>{LETTERS[n_sounds - 1]}</kbd> play a sound{rate};{reference}
<kbd>Space</kbd> plays and pauses.</p>
<label class="tick"><input type="checkbox" id="letters" checked> Use these keys</label></details>"""


def _paragraphs(text: str) -> str:
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return "".join(f"<p>{escape(part)}</p>" for part in parts if part)


def _page(title: str, body: str, *, script: str = "") -> str:
    """Return a whole page."""
    loaded = f'<script src="/assets/{script}" defer></script>' if script else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/shared/base.css">
<link rel="stylesheet" href="/assets/listening-test.css">{loaded}</head>
<body><main>{body}</main></body></html>
"""
