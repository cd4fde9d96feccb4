"""A draft in the background: a thread that outlives the page's reruns and even a reload. Stopping keeps finished sentences (they are cached)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag.errors import AppealError, Stopped
from rag.models import Case, Letter, Notice, Sentence
from ui.machine import Machine

logger = logging.getLogger(__name__)


@dataclass
class Job:
    """One draft: how far it is, and how it ended."""

    case: Case
    facts_mark: str
    """What the letter was written from; compared later to see whether facts changed."""
    step: str = "prepare"
    done: int = 0
    total: int = 0
    sentences: list[tuple[str, Sentence]] = field(default_factory=list)
    """Section and sentence, as they become ready."""
    letter: Letter | None = None
    version: int = 0
    error: AppealError | None = None
    stopped: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self.thread is not None and self.thread.is_alive()


def start(machine: Machine, case: Case, notice: Notice, facts_mark: str, draft: Callable[..., Letter] | None = None, *, document: str = "", earlier: Sequence[str] = ()) -> Job:
    """Starts drafting; a draft of the same case that still runs is returned instead. `document` and `earlier` as in `draft_letter`."""
    current = machine.jobs.get(case.id)
    if current is not None and current.running:
        return current
    job = Job(case, facts_mark)
    machine.jobs[case.id] = job
    job.thread = threading.Thread(target=_run, args=(job, machine, notice, draft, document, earlier), name=f"draft-{case.id}", daemon=True)
    job.thread.start()
    return job


def _run(job: Job, machine: Machine, notice: Notice, draft: Callable[..., Letter] | None, document: str, earlier: Sequence[str]) -> None:
    try:
        from rag.pipeline import Event, draft_letter

        def note(event: Event) -> None:
            job.step, job.done, job.total = event.step, event.done, event.total
            if event.sentence is not None:
                job.sentences.append((event.section, event.sentence))

        machine.wait_for_search(job.stop.is_set)
        letter = (draft or draft_letter)(job.case, machine.doors(), notice=notice, document=document, earlier=earlier, on_event=note, should_stop=job.stop.is_set)
        job.version = machine.store.save_letter(letter, updated_at=machine.now())
        job.letter = letter
    except Stopped:
        job.stopped = True
    except AppealError as error:
        job.error = error
    except Exception as error:
        logger.exception("the draft failed")
        job.error = AppealError(f"The letter could not be written ({type(error).__name__}); your case is saved.", f"写信时出现意外错误（{type(error).__name__}）；案件已保存。")
