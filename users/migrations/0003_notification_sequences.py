from django.db import migrations, models

# Each user's notifications from 1, the oldest first.
NUMBER = """
    UPDATE users_notification SET sequence = numbered.number
    FROM (
        SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY created_at, id) AS number
        FROM users_notification
    ) AS numbered
    WHERE numbered.id = users_notification.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0002_mailed_tokens'),
    ]

    operations = [
        migrations.AddField(
            model_name='notification',
            name='sequence',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='notification',
            name='sequence',
            field=models.PositiveIntegerField(help_text="Counts the user's notifications from 1, as they became visible."),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('user', 'sequence'), name='notification_sequence'),
        ),
    ]
