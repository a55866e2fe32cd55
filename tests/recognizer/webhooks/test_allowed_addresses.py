"""Nobody makes this server call what only this server can reach: when an address is saved, and when it is called."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from recognizer.models import Delivery, Webhook
from recognizer.webhooks import allowed_addresses, manage
from recognizer.webhooks import delivery as sending

pytestmark = pytest.mark.django_db
PATH = "/accounts/webhooks/"


def make(client: Client, url: str) -> Any:
    return client.post(PATH, {"url": url, "events": ["correction.reviewed"]})


def problem(client: Client, url: str) -> str:
    """What the page says of an address that it refuses."""
    response = make(client, url)
    assert response.status_code == 400, url
    assert not Webhook.objects.exists()
    return str(response.context["problem"])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "0.0.0.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.9"),
        *("0.0.0.0", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),  # noqa: S104 - not bound to
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "100::1"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not allowed_addresses.is_allowed(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert allowed_addresses.is_allowed(ip_address(address))


def test_networks_that_the_operator_allows_are_allowed_and_no_others(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    assert allowed_addresses.is_allowed(ip_address("10.1.2.3"))
    assert allowed_addresses.is_allowed(ip_address("::ffff:10.1.2.3"))
    assert allowed_addresses.is_allowed(ip_address("fd00::7"))
    assert not allowed_addresses.is_allowed(ip_address("10.2.0.1"))
    assert not allowed_addresses.is_allowed(ip_address("169.254.169.254"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://public.example.org/", "https://"),
        ("ftp://public.example.org/", "https://"),
        ("public.example.org", "https://"),
        ("https://", "host"),
        ("https://[::1", "https://example.org"),
        ("https://public.example.org:99999/", "https://example.org"),
        ("https://public.example.org/a\tb", "https://example.org"),
        ("https://\u24df\u24e4blic.example.org/", "https://example.org"),
        ("https://ada:secret@public.example.org/", "password"),
        ("https://nobody.example.org/", "nobody.example.org"),
        ("https://inside.example.org/", "10.0.0.7"),
        ("https://both.example.org/", "192.168.1.1"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("https://[::ffff:127.0.0.1]/", "public"),
        ("https://[64:ff9b::7f00:1]/", "public"),
        ("https://2130706433/", "127.0.0.1"),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://127.1/", "127.0.0.1"),
        ("", "Enter"),
        ("https://public.example.org/" + "x" * 500, "500"),
    ],
)
def test_an_invalid_address_is_refused_with_the_reason(as_alice: Client, url: str, words: str) -> None:
    assert words in problem(as_alice, url)


def test_a_public_address_is_saved_at_any_port(as_alice: Client) -> None:
    assert make(as_alice, " https://public.example.org:8443/x ").status_code == 302
    assert Webhook.objects.get().url == "https://public.example.org:8443/x"


def test_http_is_allowed_if_the_operator_allows_it(as_alice: Client, settings: Any) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    assert make(as_alice, "http://public.example.org/").status_code == 302


def test_a_host_that_later_resolves_to_a_private_address_is_not_called(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was public when it was saved. The next delivery is refused, and the log says why."""
    hook = manage.create_webhook(person=alice, url="https://public.example.org/", events=["correction.reviewed"])
    Webhook.objects.filter(pk=hook.pk).update(url="https://inside.example.org/")
    manage.send_test(hook=hook)
    assert sending.send_due_deliveries() == (1, False)
    delivery = Delivery.objects.get()
    assert delivery.code is None
    assert "10.0.0.7" in delivery.problem


def test_a_name_is_looked_up_once_for_each_send(hook: Webhook, receiver: Any, known: dict[str, int]) -> None:
    """What was checked is what is connected to: a second look could lead elsewhere."""
    before = known["hooks.example.org"]
    manage.send_test(hook=hook)
    sending.send_due_deliveries()
    assert receiver.got[0].headers["host"] == f"hooks.example.org:{receiver.port}"
    assert known["hooks.example.org"] == before + 1


def test_a_name_that_leads_elsewhere_at_the_second_look_leads_nowhere(
    hook: Webhook, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is allowed, each later one would be what the attacker wants."""
    import socket

    real, answers = socket.getaddrinfo, ["127.0.0.1", "127.0.0.2", "127.0.0.2"]

    def rebinding(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real(answers.pop(0) if name == "hooks.example.org" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    manage.send_test(hook=hook)
    sending.send_due_deliveries()
    assert len(receiver.got) == 1  # it listens at 127.0.0.1 alone
    assert answers == ["127.0.0.2", "127.0.0.2"]


def test_a_proxy_that_the_environment_names_is_not_asked(
    hook: Webhook, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    manage.send_test(hook=hook)
    sending.send_due_deliveries()
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(hook: Webhook, receiver: Any) -> None:
    receiver.code, receiver.headers = 302, {"Location": receiver.url().replace("inkling", "elsewhere")}
    manage.send_test(hook=hook)
    sending.send_due_deliveries()
    delivery = Delivery.objects.get()
    assert (delivery.code, delivery.state) == (302, Delivery.State.WAITING)
    assert "redirect" in delivery.problem
    assert [each.path for each in receiver.got] == ["/inkling?from=here"]
    assert delivery.next_try > timezone.now()
