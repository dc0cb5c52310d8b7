# For a module: report to the stack whenever the application has been deployed.
resource "terraform_data" "application" {
  input = var.stack_name

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_cloudformation_resource.approve]
    }
  }
}
