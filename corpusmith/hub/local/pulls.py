"""Pull requests: a ref `refs/pr/N` to commit to, and its merge."""

from typing import Any

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.repository import Message, Repository, now


def open_pull(repo: Repository, oid: str, base: str, message: Message, status: str) -> int:
    """Open a pull request for the commit `oid` on the branch `base`. Returns its number."""
    with repo.lock:
        pulls = repo.settings["pulls"]
        number = len(pulls) + 1
        repo.set_ref("pr", str(number), oid)
        pulls[str(number)] = {
            "title": message.title,
            "description": message.text,
            "author": message.author,
            "status": status,
            "base": base,
            "createdAt": now(),
            "mergeCommitId": None,
        }
        repo.update_settings(pulls=pulls)
        return number


def find(repo: Repository, number: str) -> dict[str, Any]:
    if number not in repo.settings["pulls"]:
        raise HubError(404, f"There is no pull request {number}.")
    return repo.settings["pulls"][number]


def create(call: Call) -> dict[str, int]:
    repo, body = call.repo(write=True), call.body
    if not body.get("pullRequest"):
        raise HubError(400, "This hub holds pull requests; it has no forum.")
    head = repo.resolve("refs/heads/main").oid
    description = call.text("description", "")
    return {
        "num": open_pull(
            repo,
            head,
            "main",
            Message(call.text("title"), description, call.writer(repo.namespace)),
            "draft",
        )
    }


PULLS_A_PAGE = 50


def listing(call: Call) -> dict[str, Any]:
    """The pull requests that the query asks for, the newest first, a page at a time."""
    repo, query = call.repo(), call.query
    found = [
        summary(repo, number, pull)
        for number, pull in reversed(repo.settings["pulls"].items())
        if query.get("author", pull["author"]) == pull["author"]
    ]
    closed = [one for one in found if one["status"] in ("closed", "merged")]
    status = query.get("status", "all")
    if query.get("type") == "discussion":  # this hub has no forum
        found = []
    elif status != "all":
        found = [one for one in found if (one in closed) == (status == "closed")]
    start = call.number("p", 0) * PULLS_A_PAGE
    return {
        "discussions": found[start : start + PULLS_A_PAGE],
        "count": len(found),
        "start": start,
        "numClosedDiscussions": len(closed),
    }


def summary(repo: Repository, number: str, pull: dict[str, Any]) -> dict[str, Any]:
    """A pull request as lists show it."""
    return {
        "num": int(number),
        "title": pull["title"],
        "status": pull["status"],
        "author": {"name": pull["author"]},
        "createdAt": pull["createdAt"],
        "isPullRequest": True,
        "repo": {"name": repo.id, "type": repo.kind[:-1]},
    }


def show(call: Call) -> dict[str, Any]:
    repo, number = call.repo(), call.args["number"]
    pull = find(repo, number)
    author = {"name": pull["author"]}
    comment = {"edited": False, "hidden": False, "latest": {"raw": pull["description"]}}
    return summary(repo, number, pull) | {
        "filesWithConflicts": [],
        "changes": {"base": f"refs/heads/{pull['base']}", "mergeCommitId": pull["mergeCommitId"]},
        "events": [
            {
                "id": "0",
                "type": "comment",
                "createdAt": pull["createdAt"],
                "author": author,
                "data": comment,
            }
        ],
    }


def merge(call: Call) -> dict[str, Any]:
    """Apply what the pull request changed to its base.

    Raises 409 where both changed a file.
    """
    repo, number = call.repo(write=True), call.args["number"]
    with repo.lock:
        pull = find(repo, number)
        theirs, base = repo.resolve(f"refs/pr/{number}"), repo.resolve(f"refs/heads/{pull['base']}")
        trunk = {commit.oid for commit in repo.history(base)}
        fork = next((commit.files for commit in repo.history(theirs) if commit.oid in trunk), {})
        changed = [
            path for path in {**fork, **theirs.files} if fork.get(path) != theirs.files.get(path)
        ]
        unmerged = [path for path in changed if base.files.get(path) != theirs.files.get(path)]
        conflicts = [path for path in unmerged if base.files.get(path) != fork.get(path)]
        if conflicts or pull["status"] == "merged":
            raise HubError(409, f"Cannot merge: {', '.join(conflicts) or 'merged already'}")
        deletions_first = sorted(unmerged, key=lambda path: path in theirs.files)
        changes = [(path, theirs.files.get(path)) for path in deletions_first]
        message = Message(f"{pull['title']} (#{number})", "", call.writer(repo.namespace))
        oid = repo.commit(f"refs/heads/{pull['base']}", changes, message)
        merged = pull | {"status": "merged", "mergeCommitId": oid}
        repo.update_settings(pulls=repo.settings["pulls"] | {number: merged})
        return {}
