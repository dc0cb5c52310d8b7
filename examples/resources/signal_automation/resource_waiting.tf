variable "migration_execution_id" {
  description = "The execution that migrates the database once it is approved."
  type        = string
}

# A gate. It waits until the step waits for approval, and then for the end of
# the migration, because the application needs the migration.
resource "signal_automation" "migrate" {
  automation_execution_id = var.migration_execution_id
  signal_type             = "Approve"

  adopt_existing      = true # somebody may have approved it in the console
  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "45m"
  }
}

# Created only after the whole runbook has succeeded.
resource "terraform_data" "migrated" {
  input      = "migrated: ${signal_automation.migrate.target_status}"
  depends_on = [signal_automation.migrate]
}
