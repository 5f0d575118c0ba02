from __future__ import annotations

from functools import partial

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Concat

from users.models import User
from users.roles import ROLES
from users.services.roles import set_roles, sync_roles

pytestmark = pytest.mark.django_db

OUR_APPS = ["tasks", "webhooks", "users", "catalog", "commerce"]


def names(permissions) -> set[str]:
    name = Concat("content_type__app_label", Value("."), "codename")
    return set(permissions.annotate(full_name=name).values_list("full_name", flat=True))


def group_permissions() -> dict[str, set[str]]:
    return {group.name: names(group.permissions) for group in Group.objects.all()}


class TestRoles:
    def test_are_groups_after_every_migration(self):
        assert group_permissions() == ROLES

    def test_name_only_permissions_that_exist(self):
        assert set().union(*ROLES.values()) <= names(Permission.objects)

    def test_let_an_administrator_do_everything(self):
        ours = Permission.objects.filter(content_type__app_label__in=OUR_APPS)
        assert names(ours) <= ROLES["admin"]
        assert set().union(*ROLES.values()) == ROLES["admin"]

    @pytest.mark.parametrize(
        ("role", "allowed", "denied"),
        [
            ("catalog_manager", "catalog.change_product", "commerce.view_order"),
            ("order_manager", "commerce.change_order", "catalog.change_product"),
            ("order_manager", "tasks.view_job", "users.change_user"),
            ("order_manager", "tasks.change_job", "webhooks.view_webhookendpoint"),
            ("support", "users.view_user", "commerce.change_order"),
            ("support", "commerce.view_order", "users.change_user"),
            ("admin", "users.change_user", "sessions.view_session"),
        ],
    )
    def test_allow_and_deny(self, role, allowed, denied):
        assert allowed in ROLES[role]
        assert denied not in ROLES[role]


class TestSyncRoles:
    def test_repairs_what_was_changed_and_leaves_other_groups_alone(self):
        Group.objects.get(name="support").permissions.clear()
        Group.objects.get(name="admin").delete()
        catalog = Group.objects.get(name="catalog_manager")
        catalog.permissions.add(Permission.objects.get(codename="change_user"))
        volunteers = Group.objects.create(name="volunteers")
        volunteers.permissions.add(Permission.objects.get(codename="view_order"))
        sync_roles()
        assert group_permissions() == ROLES | {"volunteers": {"commerce.view_order"}}

    def test_changes_nothing_the_second_time(self, django_assert_num_queries):
        through = Group.permissions.through.objects
        before = sorted(through.values_list("pk", flat=True))
        sync_roles()
        assert sorted(through.values_list("pk", flat=True)) == before

    def test_adds_what_a_later_migration_brings(self):
        Permission.objects.filter(content_type__app_label="commerce").delete()
        sync_roles()
        assert group_permissions()["support"] == {
            name for name in ROLES["support"] if not name.startswith("commerce.")
        }
        call_command("migrate", verbosity=0)
        assert group_permissions() == ROLES

    def test_keeps_the_members(self, make_user):
        user = make_user(role="support")
        sync_roles()
        assert list(user.groups.values_list("name", flat=True)) == ["support"]


class TestStaff:
    def test_are_the_active_accounts_with_a_role(self, make_user):
        for role in ROLES:
            make_user(f"{role}@example.com", role=role)
        make_user("root@example.com", is_superuser=True)
        make_user("customer@example.com")
        make_user("admin-site@example.com", is_staff=True)
        make_user("left@example.com", role="support", is_active=False)
        member = make_user("member@example.com")
        member.groups.add(Group.objects.create(name="volunteers"))
        emails = set(User.objects.staff().values_list("email", flat=True))
        assert emails == {f"{role}@example.com" for role in ROLES} | {"root@example.com"}

    def test_are_counted_once_however_many_roles_they_have(self, make_user):
        user = make_user(role="support")
        user.groups.add(Group.objects.get(name="admin"))
        assert User.objects.staff().count() == 1


class TestSetRoles:
    @pytest.fixture
    def boss(self, make_user) -> User:
        return make_user("boss@example.com", role="admin")

    @pytest.fixture
    def ada(self, make_user) -> User:
        return make_user(role="support")

    def roles(self, user: User) -> set[str]:
        return set(user.groups.values_list("name", flat=True))

    def test_gives_and_takes_and_leaves_other_groups_alone(self, boss, ada):
        ada.groups.add(Group.objects.create(name="volunteers"))
        for roles in (["order_manager", "catalog_manager"], ["admin", "admin"], []):
            answer = set_roles(granter_id=boss.pk, email="ADA@example.com", roles=roles)
            assert answer == ada
            assert self.roles(ada) == {"volunteers", *roles}

    @pytest.mark.parametrize(
        ("email", "roles", "expected"),
        [
            ("ada@example.com", ["support", "king"], [("NOT_FOUND", "roles.1")]),
            (
                "ada@example.com",
                ["", "volunteers"],
                [("NOT_FOUND", "roles.0"), ("NOT_FOUND", "roles.1")],
            ),
            ("nobody@example.com", ["admin"], [("NOT_FOUND", "email")]),
            ("nul\0@example.com", [], [("NOT_FOUND", "email")]),
        ],
        ids=str,
    )
    def test_refuses_what_is_unknown(self, email, roles, expected, boss, ada):
        with pytest.raises(ValidationError) as caught:
            set_roles(granter_id=boss.pk, email=email, roles=roles)
        assert [(error.code, error.field) for error in caught.value.error_list] == expected
        assert self.roles(ada) == {"support"}

    def grants(self, user: User, *names: str) -> None:
        for name in names:
            app, codename = name.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )

    def test_lets_nobody_give_more_than_the_own_permissions(self, make_user, ada):
        deputy = make_user("deputy@example.com", role="support")
        self.grants(deputy, "users.change_user")
        bea = make_user("bea@example.com")
        for target in (bea, deputy):
            for role in ("admin", "order_manager", "catalog_manager"):
                before = self.roles(target)
                with pytest.raises(PermissionDenied) as caught:
                    set_roles(granter_id=deputy.pk, email=target.email, roles=[*before, role])
                assert str(caught.value) in ROLES[role] - ROLES["support"]
                assert self.roles(target) == before
        set_roles(granter_id=deputy.pk, email=bea.email, roles=["support"])
        assert self.roles(bea) == {"support"}

    def test_lets_nobody_dismiss_who_may_do_more(self, make_user, boss):
        deputy = make_user("deputy@example.com", role="support")
        self.grants(deputy, "users.change_user")
        boss.groups.add(Group.objects.get(name="support"))
        for roles in ([], ["admin"]):
            with pytest.raises(PermissionDenied):
                set_roles(granter_id=deputy.pk, email=boss.email, roles=roles)
        root = make_user("root@example.com", is_superuser=True)
        with pytest.raises(PermissionDenied):
            set_roles(granter_id=boss.pk, email=root.email, roles=["support"])
        assert self.roles(boss) == {"admin", "support"}
        assert not self.roles(root)

    def test_asks_what_the_granter_may_do_now(self, boss, ada):
        User.objects.filter(pk=boss.pk).update(is_active=False)
        with pytest.raises(PermissionDenied, match=r"users\.change_user"):
            set_roles(granter_id=boss.pk, email=ada.email, roles=["admin"])

    def test_keeps_the_last_admin(self, boss, make_user):
        make_user("left@example.com", role="admin", is_active=False)
        dismiss = partial(set_roles, granter_id=boss.pk, email=boss.email, roles=["support"])
        with pytest.raises(ValidationError) as caught:
            dismiss()
        (error,) = caught.value.error_list
        assert (error.code, error.field) == ("LAST_ADMIN", "roles")
        assert self.roles(boss) == {"admin"}
        make_user("second@example.com", role="admin")
        dismiss()
        assert self.roles(boss) == {"support"}

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_leaves_an_admin_where_two_dismiss_each_other(self, make_user, race):
        sync_roles()
        for number in range(3):
            one, two = (make_user(f"{n}{number}@example.com", role="admin") for n in "ab")
            answers = race(
                partial(set_roles, granter_id=one.pk, email=two.email, roles=[]),
                partial(set_roles, granter_id=two.pk, email=one.email, roles=[]),
            )
            lost = [answer for answer in answers if isinstance(answer, Exception)]
            assert [type(error) for error in lost] == [PermissionDenied]
            assert User.objects.admins().count() == 1
            User.objects.all().delete()


def test_every_app_with_permissions_in_a_role_is_installed():
    labels = {name.partition(".")[0] for granted in ROLES.values() for name in granted}
    assert labels <= set(apps.app_configs)
