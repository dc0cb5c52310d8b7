variable "maintenance_execution_id" {
  description = "The execution that waits in an aws:pause step called hold."
  type        = string
}

# Creating it sends nothing. It is destroyed before what it depends on, and that sends the signal.
resource "signal_automation" "maintenance" {
  automation_execution_id = var.maintenance_execution_id
  signal_type             = "Resume"
  payload                 = { StepName = ["hold"] }

  when = "destroy"

  depends_on = [terraform_data.released]
}
