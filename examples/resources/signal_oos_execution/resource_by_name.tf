variable "template_name" {
  description = "The template whose execution another resource of this configuration starts."
  type        = string
}

# Do not depend on the resource that starts the execution. Terraform then
# applies both at the same time. alicloud_oos_execution waits for the end of
# its execution, which waits for this approval.
resource "signal_oos_execution" "beside" {
  template_name = var.template_name
  notify_type   = "Approve"

  wait_until_ready = true
}
