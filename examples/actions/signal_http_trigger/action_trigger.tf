# For a module: take a backup whenever the database has been changed.
resource "terraform_data" "database" {
  input = var.job_id

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_http_trigger.backup]
    }
  }
}
