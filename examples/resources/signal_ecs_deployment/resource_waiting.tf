variable "service_deployment_arn" {
  description = "The deployment that is paused."
  type        = string
}

variable "hook_id" {
  description = "The hook that awaits an action, as DescribeServiceDeployments shows it."
  type        = string
}

# A gate. It waits for the end of the deployment, because the next resource
# needs the new tasks.
resource "signal_ecs_deployment" "cart" {
  service_deployment_arn = var.service_deployment_arn
  hook_id                = var.hook_id
  action                 = "CONTINUE"

  wait_for_completion = true
}

# Created after the deployment has succeeded.
resource "terraform_data" "cart" {
  input      = signal_ecs_deployment.cart.target_status
  depends_on = [signal_ecs_deployment.cart]
}
