variable "template_name" {
  description = "The template whose execution another resource of this configuration starts."
  type        = string
}

# It depends on nothing that starts the execution, and so runs beside that:
# alicloud_oos_execution blocks until its execution has ended, which waits for
# this approval.
resource "signal_oos_execution" "beside" {
  template_name = var.template_name
  notify_type   = "Approve"

  wait_until_ready = true
}
