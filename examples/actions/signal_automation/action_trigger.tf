# For a module: tell the runbook whenever the fleet has been replaced.
action "signal_automation" "replaced" {
  config {
    automation_execution_id = var.automation_execution_id
    signal_type             = "Resume"
    payload = {
      StepName = ["wait-for-fleet"]
    }
  }
}

resource "terraform_data" "fleet" {
  input = var.automation_execution_id

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_automation.replaced]
    }
  }
}
