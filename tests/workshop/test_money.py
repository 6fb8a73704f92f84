"""What instances cost, where that is known from, and how the table is renewed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chitra.errors import WorkshopError
from infra.prices import PRICES, read_prices, shipped_prices, usd
from tests.helpers.project import CONTEXT, write_cdk_json
from workshop.cli import app
from workshop.runs import price_renewal
from workshop.runs.money import Money, money_text


def offer(name: str, use: str, price: str, currency: str = "USD") -> tuple[dict[str, Any], dict[str, Any]]:
    """A product and its terms, in the form of AWS's offer files; the prices are made up."""
    dimensions = {"D": {"unit": "Hrs", "pricePerUnit": {currency: price}}}
    product = {"productFamily": "ML Instance", "attributes": {"instanceName": name, "platoinstancetype": use}}
    return product, {"T": {"priceDimensions": dimensions}}


OFFERS = [
    offer("ml.m5.xlarge", "Processing", "0.5000000000"),
    offer("ml.m5.xlarge", "Hosting", "0.5100000000"),
    offer("ml.g4dn.xlarge", "Training", "1.5000000000"),
    offer("ml.g4dn.xlarge", "Notebook", "9.0"),
    offer("ml.m5.large", "Hosting", "0.0"),
    offer("ml.c5.xlarge", "Hosting", "7", currency="CNY"),
]


@pytest.fixture
def price_list() -> Iterator[str]:
    """The address of a price list on this machine."""
    products = {str(number): product for number, (product, _) in enumerate(OFFERS)}
    terms = {str(number): term for number, (_, term) in enumerate(OFFERS)}
    document = {"publicationDate": "2026-11-20T01:02:03Z", "products": products, "terms": {"OnDemand": terms}}
    body = json.dumps(document).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/ap-northeast-1/")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(body if found else b"")

        def log_message(self, *given: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{{region}}/index.json"
    server.shutdown()
    server.server_close()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped table, which a renewal may write."""
    copy = tmp_path / "prices.json"
    copy.write_bytes(PRICES.read_bytes())
    monkeypatch.setattr("workshop.commands.money.PRICES", copy)
    yield copy
    shipped_prices.cache_clear()


def said(folder: Path, *arguments: str, **settings: Any) -> str:
    write_cdk_json(folder, CONTEXT | settings)
    done = CliRunner().invoke(app, ["prices", "--folder", str(folder), *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_should_name_a_source_and_a_date_for_every_price() -> None:
    for sheet in read_prices().sheets:
        assert sheet.source.startswith("https://")
        assert sheet.date >= "2026-01-01"
        assert sheet.usd_per_hour
        assert min(sheet.usd_per_hour.values()) > 0


def test_should_be_written_as_it_is_read() -> None:
    assert json.loads(read_prices().to_json()) == json.loads(PRICES.read_text(encoding="utf-8"))


def test_should_know_what_the_shipped_settings_cost_in_tokyo(tmp_path: Path) -> None:
    assert "no price known" not in said(tmp_path)


def test_should_say_that_no_price_is_known(tmp_path: Path) -> None:
    shown = said(tmp_path, region="ap-northeast-3")
    assert shown.count("no price known") == 4
    assert "$0.000" not in shown


def test_should_take_the_settings_own_price_first_and_name_the_tables_date(tmp_path: Path) -> None:
    endpoint = {"kind": "real-time", "instance_type": "ml.g4dn.xlarge"}
    document = json.loads(said(tmp_path, "--json", prices={"ml.m5.xlarge": 0.25}, endpoint=endpoint))
    by_use = {each["use"]: each for each in document}
    assert (by_use["Processing"]["usd_per_hour"], by_use["Processing"]["source"]) == (0.25, "workshop.prices")
    assert (by_use["Hosting"]["usd_per_hour"], by_use["Hosting"]["date"]) == (0.994, "2026-09-03")
    assert (by_use["Training"]["usd_per_hour"], by_use["Training"]["note"][:10]) == (0.994, "Worked out")


def test_should_renew_a_region_from_the_public_list(
    tmp_path: Path, table: Path, price_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_renewal, "PRICE_LIST", price_list)
    shown = said(tmp_path, "--renew")
    assert "3 prices of ap-northeast-1" in shown
    assert "$1.500" in shown
    renewed = read_prices(table)
    kept = [sheet for sheet in read_prices().sheets if sheet.region != "ap-northeast-1"]
    assert [sheet for sheet in renewed.sheets if sheet.region != "ap-northeast-1"] == kept
    found = renewed.find("ap-northeast-1", "Hosting", "ml.m5.xlarge")
    assert found is not None
    assert found.sheet is not None
    assert (found.usd_per_hour, found.sheet.date) == (0.51, "2026-11-20")
    assert renewed.find("ap-northeast-1", "Hosting", "ml.m5.large") is None


def test_should_say_when_the_list_cannot_be_had(price_list: str) -> None:
    with pytest.raises(WorkshopError, match="404"):
        price_renewal.fetch_sheets("us-east-1", price_list)


def test_should_speak_of_money_one_way() -> None:
    assert (usd(None), usd(0.0), usd(1.23456), usd(1234.567)) == ("unknown", "$0.000", "$1.235", "$1,234.57")
    assert money_text(Money(0.5, None, 12.0)) == "costs so far $0.500 · at worst $12.00"
    assert money_text(Money(None, None, None)) == "costs so far unknown"
