#!/usr/bin/env python3
"""Follows every link of the book that `make book` has built, and names those that lead nowhere.

    tests/book.py FOLDER

Links to other sites are not followed. Exit status: 0 none is broken, 1 some are.
"""
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.anchors.update(value for value in (named.get("id"), named.get("name")) if value)
        self.links += [named[name] for name in ("href", "src") if named.get(name)]


def main(folder):
    # The page for missing ones names its files from the root of the site.
    paths = [path for path in folder.rglob("*.html") if path.name != "404.html"]
    pages = {path.resolve(): Page(path) for path in paths}
    followed, broken = 0, []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            followed += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(folder.resolve())}: {link}")
    print("\n".join(sorted(set(broken))))
    print(f"{followed} links followed, {len(broken)} broken")
    return 1 if broken or not followed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
