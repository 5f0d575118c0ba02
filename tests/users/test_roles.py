from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Concat

from users.models import User
from users.roles import ROLES
from users.services.roles import sync_roles

pytestmark = pytest.mark.django_db

OUR_APPS = ["tasks", "users", "catalog", "commerce"]


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


def test_every_app_with_permissions_in_a_role_is_installed():
    labels = {name.partition(".")[0] for granted in ROLES.values() for name in granted}
    assert labels <= set(apps.app_configs)
