variable "service" {
  description = "The service whose deployments pause in POST_TEST_TRAFFIC_SHIFT."
  type        = string
}

variable "task_definition_arn" {
  description = "What is being deployed, such as aws_ecs_task_definition.app.arn."
  type        = string
}

# Do not depend on the aws_ecs_service. Terraform then applies both at the
# same time: the service waits until its deployment goes on, and the signal
# waits until the deployment is paused.
resource "signal_ecs_deployment" "release" {
  cluster         = "default"
  service         = var.service
  lifecycle_stage = "POST_TEST_TRAFFIC_SHIFT"
  action          = "CONTINUE"

  wait_until_ready = true

  # Another deployment needs another signal.
  triggers = {
    task_definition = var.task_definition_arn
  }

  timeouts {
    create = "30m"
  }
}

# Created only after ECS has accepted the signal.
resource "terraform_data" "released" {
  input      = var.task_definition_arn
  depends_on = [signal_ecs_deployment.release]
}
