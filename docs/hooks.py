"""What mkdocs does beside building the pages of docs/ (`hooks` in mkdocs.yml).

- A page of docs/ may link to any file of the repository. The site has these files as pages of their
  own, so that nothing leads out of it.
- Docstrings name pages of docs/; in the reference these are links.
- Each public name must be in the reference.
- `llms.txt` lists the pages with a line about each.

What is wrong is logged, and ends a strict build.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for docstrings.py, too

from docs.public_names import missing, public_names

logger = logging.getLogger("mkdocs.hooks")

ROOT = Path(__file__).resolve().parents[1]
DOCS = PurePosixPath("docs")
#: The folder of the site that has the repository's files, and what is there in any case.
SOURCE = PurePosixPath("source")
ALWAYS = PurePosixPath("CONTRIBUTING.md")
#: Folders whose pages count more in the search.
BOOST = {"how-to": 1.5, "questions": 2.0}
#: A link or a picture: its text, and where it leads.
_LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:)([^)\s#]+)(#[^)]*)?\)")
#: A link in a docstring to a page of docs/, as docstrings.py writes it.
_TO_DOCS = re.compile(r'href="docs:([^"#]+)(?:#([^"]+))?"')
#: The first paragraph of a page that is neither a heading nor code, a table, a picture or a list.
_PARAGRAPH = re.compile(r"(?:\A|\n\n)((?![#`|!<\-*:\d\s])[\s\S]+?)(?=\n\n|\n?\Z)")
#: The language of a file, by the end of its name.
LANGUAGES = {".py": "python", ".yaml": "yaml", ".json": "json", ".service": "ini", ".socket": "ini"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the repository to which pages of docs/ link."""
    linked = {ALWAYS}
    for file in files.documentation_pages():
        page = DOCS / file.src_uri
        linked.update(target_of(page, link) for _, link, _ in _LINK.findall(file.content_string))
    for folder in [each for each in linked if (ROOT / each).is_dir()]:
        linked.update(folder / each.name for each in (ROOT / folder).glob("*.py"))
    for target in sorted(linked):
        if DOCS in target.parents or not (ROOT / target).exists():
            continue
        file = File.generated(config, page_of(target), content=shown(target, linked))
        file.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of docs/ to the pages of what they link to."""
    page.meta.setdefault("description", summary(markdown))
    page.meta.setdefault("search", {"boost": boost(page.file)})
    if page.file.generated_by:
        return markdown
    return relinked(markdown, DOCS / page.file.src_uri, page.file.src_uri)


def boost(file: File) -> float:
    """How much a page counts in the search: answers first, the repository's files last."""
    return 0.2 if file.generated_by else BOOST.get(file.src_uri.partition("/")[0], 1.0)


def relinked(
    text: str,
    file: PurePosixPath,
    page: str,
    linked: Collection[PurePosixPath] | None = None,
) -> str:
    """The text of a file with links as they are on its page: what isn't ``linked`` is no link."""

    def relink(match: re.Match[str]) -> str:
        words, link, anchor = match.groups(default="")
        target = target_of(file, link)
        if DOCS in target.parents:
            leads = str(target.relative_to(DOCS))
        elif linked is None or target in linked:
            leads = page_of(target)
        else:
            return words
        return f"[{words}]({os.path.relpath(leads, PurePosixPath(page).parent)}{anchor})"

    return _LINK.sub(relink, text)


def target_of(page: PurePosixPath, link: str) -> PurePosixPath:
    """The file or folder of the repository that a link on a page leads to."""
    return PurePosixPath(os.path.normpath(page.parent / link))


def page_of(target: PurePosixPath) -> str:
    """The page that has a file or a folder of the repository."""
    return str(SOURCE / (target if target.suffix == ".md" else f"{target}.md"))


def shown(target: PurePosixPath, linked: Collection[PurePosixPath]) -> str:
    """The page of a file or a folder."""
    path = ROOT / target
    relink = partial(relinked, page=page_of(target), linked=linked)
    if path.is_dir():
        names = [f"- [{each.name}]({each.name})" for each in sorted(path.glob("*.py"))]
        return relink("\n".join([f"# {target}/\n", *names]), target / "listing")
    text = path.read_text(encoding="utf-8")
    if target.suffix == ".md":
        return relink(text, target)
    return f"# {target}\n\n`````{LANGUAGES.get(target.suffix, 'text')}\n{text}`````\n"


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Complete the links of docstrings to pages of docs/."""

    def complete(found: re.Match[str]) -> str:
        path, anchor = found.groups(default="")
        target = files.get_file_from_path(path)
        if target is None:
            logger.warning("a docstring in %s names docs/%s, which is not there", page, path)
            return found[0]
        promised.append((page.file.src_uri, path, anchor))
        url = target.url_relative_to(page.file)
        return f'href="{url}{"#" if anchor else ""}{anchor}"'

    return _TO_DOCS.sub(complete, html)


#: Links in docstrings: the page that has them, where they lead, and the heading.
promised: list[tuple[str, str, str]] = []
#: The pages in the order of the navigation.
in_order: list[Page] = []


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    in_order[:] = nav.pages


def on_env(env: object, config: MkDocsConfig, files: Files) -> None:
    """Look for the headings that docstrings name."""
    for page, path, anchor in promised:
        file = files.get_file_from_path(path)
        assert file is not None
        assert file.page is not None
        if anchor and anchor not in ids(file.page.toc):
            logger.warning(
                "a docstring in %s names docs/%s#%s: no such heading", page, path, anchor
            )
    promised.clear()


def on_post_build(config: MkDocsConfig) -> None:
    """Compare the public names with the reference, and write llms.txt."""
    site = Path(config.site_dir)
    for name in missing(public_names(), (site / "objects.inv").read_bytes()):
        logger.warning(
            "%s is on no page of the reference, or has no docstring: add it to a page of "
            "docs/reference/python",
            name,
        )
    (site / "llms.txt").write_text("".join(llms(config)), encoding="utf-8")


def ids(headings: Iterable[AnchorLink]) -> set[str]:
    return {each.id for heading in headings for each in (heading, *heading.children)} | {
        each for heading in headings for each in ids(heading.children)
    }


def summary(markdown: str) -> str:
    """The first sentence of a page, without Markdown."""
    found = _PARAGRAPH.search(re.sub(r"```.*?```", "", markdown, flags=re.DOTALL).strip())
    text = _LINK.sub(r"\1", found[1]) if found else ""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", " ".join(text.split()))
    return re.split(r"(?<=[.:?!])\s", text, maxsplit=1)[0].rstrip(":")


def llms(config: MkDocsConfig) -> Iterator[str]:
    """The pages, as https://llmstxt.org describes: under their headings, with a line about each."""
    yield f"# {config.site_name}\n\n> {config.site_description}\n"
    heading = None
    for page in in_order:
        section = top(page)
        if section != heading:
            heading = section
            yield f"\n## {heading}\n\n"
        if not page.meta["description"]:
            logger.warning("%s begins with no sentence that says what it is", page.file.src_uri)
        yield f"- [{page.title}]({page.canonical_url or page.url}): {page.meta['description']}\n"


def top(page: Page) -> str:
    """The heading in the navigation that a page is under."""
    section: Section | Page = page
    while section.parent is not None:
        section = section.parent
    return str(section.title)
