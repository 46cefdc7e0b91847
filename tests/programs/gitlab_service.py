"""A GitLab of one project: sign-in by token, a paged list, a job's log, uploads and refusals."""

from __future__ import annotations

from tests.programs.service import Answer, Call, Service

TOKEN = "glpat-0123456789"
ISSUES = 45
ARTIFACT = bytes(range(256)) * 1000


def add_gitlab(service: Service) -> None:
    """The routes of the API, for any host."""
    route = service.route
    api = r"[^/]*/api/v4"
    unsteady: list[int] = []

    def allowed(call: Call) -> bool:
        return call.header("PRIVATE-TOKEN") == TOKEN

    @route("GET", f"{api}/user")
    def user(call: Call) -> Answer:
        if not allowed(call):
            return Answer({"message": "401 Unauthorized"}, 401)
        return Answer({"id": 7, "username": "ada", "name": "Ada Łovelace"})

    @route("GET", f"{api}/projects/1")
    def project(call: Call) -> Answer:
        return Answer({"id": 1, "name": "engine", "path_with_namespace": "ada/engine"})

    @route("GET", f"{api}/projects/1/issues")
    def issues(call: Call) -> Answer:
        size = int(call.arguments.get("per_page", 20))
        page = int(call.arguments.get("page", 1))
        last = -(-ISSUES // size)
        found = [
            {"id": n, "iid": n, "project_id": 1, "title": f"issue {n}"}
            for n in range(1, ISSUES + 1)
        ]
        here = f"{service.base}/api/v4/projects/1/issues?per_page={size}&state=opened"
        links = [
            f'<{here}&page={n}>; rel="{rel}"'
            for n, rel in ((page + 1, "next"), (1, "first"), (last, "last"))
            if n <= last
        ]
        headers = [
            ("Link", ", ".join(links)),
            ("X-Page", str(page)),
            ("X-Next-Page", str(page + 1) if page < last else ""),
            ("X-Prev-Page", ""),
            ("X-Per-Page", str(size)),
            ("X-Total", str(ISSUES)),
            ("X-Total-Pages", str(last)),
        ]  # fmt: skip
        return Answer(found[(page - 1) * size : page * size], headers=headers)

    @route("POST", f"{api}/projects/1/issues")
    def new_issue(call: Call) -> Answer:
        return Answer({"id": 99, "iid": 99, "project_id": 1, "body": call.body.decode()}, 201)

    @route("PUT", f"{api}/projects/1/issues/99")
    def close_issue(call: Call) -> Answer:
        return Answer({"id": 99, "iid": 99, "project_id": 1, "state": "closed"})

    @route("DELETE", f"{api}/projects/1/issues/99")
    def delete_issue(call: Call) -> Answer:
        return Answer(b"", 204)

    @route("GET", f"{api}/projects/1/jobs/5")
    def job(call: Call) -> Answer:
        return Answer({"id": 5, "name": "build"})

    @route("GET", f"{api}/projects/1/jobs/5/artifacts")
    def artifacts(call: Call) -> Answer:
        elsewhere = service.base.replace("127.0.0.1", "localhost") + "/storage/artifact?signature=x"
        return Answer(b"", 302, [("Location", elsewhere)])

    @route("GET", "[^/]*/storage/artifact")
    def storage(call: Call) -> Answer:
        return Answer(ARTIFACT, headers=[("Content-Type", "application/zip")], chunked=True)

    @route("POST", f"{api}/projects/1/uploads")
    def upload(call: Call) -> Answer:
        seen = call.body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0].decode()
        return Answer({"url": "/uploads/1", "alt": seen, "markdown": "", "full_path": ""}, 201)

    @route("PUT", f"{api}/projects/1/packages/generic/engine/1.0/engine.bin")
    def package(call: Call) -> Answer:
        return Answer({"message": f"201 Created {len(call.body)}"}, 201)

    @route("GET", f"{api}/projects/1/repository/branches")
    def branches(call: Call) -> Answer:
        unsteady.append(1)
        if len(unsteady) == 1:
            return Answer({"message": "slow down"}, 429, [("Retry-After", "0")])
        if len(unsteady) == 2:
            return Answer({"message": "later"}, 503)
        unsteady.clear()
        return Answer([{"name": "main"}])

    @route("POST", f"{api}/projects/2/issues")
    def moved(call: Call) -> Answer:
        return Answer(b"", 301, [("Location", "/api/v4/projects/1/issues")])

    @route("GET", f"{api}/projects/1/snippets")
    def cut_short(call: Call) -> Answer:
        return Answer(b"[" + b" " * 2000 + b"]", cut_short=True)
