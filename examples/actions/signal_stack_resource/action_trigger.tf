# For a module: report to the stack whenever the application has been deployed.
resource "terraform_data" "application" {
  input = var.stack_id

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_stack_resource.release]
    }
  }
}
