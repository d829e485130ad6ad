//! The known ways from some rights to more.
//!
//! Sources of the facts (which actions a path needs): Rhino Security Labs, "AWS IAM Privilege Escalation:
//! Methods and Mitigation"; Datadog, <https://pathfinding.cloud>; for boundaries, IAM User Guide, "Permissions
//! boundaries for IAM entities", on delegating responsibility.

/// A way from some rights to more.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Its name, of words with hyphens; it stays.
    pub id: &'static str,
    /// What one does, as the end of "may …".
    pub does: &'static str,
    /// What has to be allowed, all of it.
    pub needs: &'static [Need],
    /// What has to be there that policies do not tell, where there is such a thing: "a Lambda function that …".
    pub given: Option<&'static str>,
}

/// An action that a path needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// The action.
    pub action: &'static str,
    /// On what it has to be allowed.
    pub on: Reach,
}

/// On what an action has to be allowed to be of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anything that there is of the kind.
    Some,
    /// The user or role itself.
    Own(Kind),
    /// A group that the user is a member of.
    OwnGroup,
    /// A policy of the account that is attached to it, or to a group of its.
    OwnPolicy,
    /// Another user: the same one in all needs of a path.
    OtherUser,
    /// Any group: one that it is not a member of.
    OtherGroup,
    /// Another role, the same one in all needs of a path.
    OtherRole,
    /// A policy of the account that is attached to that role.
    PolicyOfRole,
    /// A role that a service may assume: what is passed to it.
    Passed(&'static str),
}

/// Whom a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Users.
    User,
    /// Users with a permissions boundary.
    BoundedUser,
    /// Roles.
    Role,
    /// Roles with a permissions boundary.
    BoundedRole,
}

const fn need(action: &'static str, on: Reach) -> Need {
    Need { action, on }
}

const fn some(action: &'static str) -> Need {
    Need { action, on: Reach::Some }
}

const fn pass(service: &'static str) -> Need {
    Need { action: "iam:PassRole", on: Reach::Passed(service) }
}

const fn path(id: &'static str, does: &'static str, needs: &'static [Need]) -> Path {
    Path { id, does, needs, given: None }
}

const fn existing(id: &'static str, does: &'static str, given: &'static str, needs: &'static [Need]) -> Path {
    Path { id, does, needs, given: Some(given) }
}

const EC2: &str = "ec2.amazonaws.com";
const LAMBDA: &str = "lambda.amazonaws.com";
const GLUE: &str = "glue.amazonaws.com";
const SAGEMAKER: &str = "sagemaker.amazonaws.com";
const TASKS: &str = "ecs-tasks.amazonaws.com";
const CODEBUILD: &str = "codebuild.amazonaws.com";

/// All paths, those by IAM itself first.
pub const PATHS: &[Path] = &[
    path(
        "create-policy-version",
        "give a policy of its own another text",
        &[need("iam:CreatePolicyVersion", Reach::OwnPolicy)],
    ),
    existing(
        "set-default-policy-version",
        "put an earlier text of a policy of its own in force",
        "an earlier version of that policy that allows more",
        &[need("iam:SetDefaultPolicyVersion", Reach::OwnPolicy)],
    ),
    path("put-user-policy", "write itself a policy", &[need("iam:PutUserPolicy", Reach::Own(Kind::User))]),
    path("put-role-policy", "write itself a policy", &[need("iam:PutRolePolicy", Reach::Own(Kind::Role))]),
    path("put-group-policy", "write its group a policy", &[need("iam:PutGroupPolicy", Reach::OwnGroup)]),
    path(
        "attach-user-policy",
        "attach any policy to itself",
        &[need("iam:AttachUserPolicy", Reach::Own(Kind::User))],
    ),
    path(
        "attach-role-policy",
        "attach any policy to itself",
        &[need("iam:AttachRolePolicy", Reach::Own(Kind::Role))],
    ),
    path(
        "attach-group-policy",
        "attach any policy to its group",
        &[need("iam:AttachGroupPolicy", Reach::OwnGroup)],
    ),
    path("add-user-to-group", "join a group", &[need("iam:AddUserToGroup", Reach::OtherGroup)]),
    path(
        "delete-user-boundary",
        "take away its own permissions boundary",
        &[need("iam:DeleteUserPermissionsBoundary", Reach::Own(Kind::BoundedUser))],
    ),
    path(
        "put-user-boundary",
        "exchange its own permissions boundary",
        &[need("iam:PutUserPermissionsBoundary", Reach::Own(Kind::BoundedUser))],
    ),
    path(
        "delete-role-boundary",
        "take away its own permissions boundary",
        &[need("iam:DeleteRolePermissionsBoundary", Reach::Own(Kind::BoundedRole))],
    ),
    path(
        "put-role-boundary",
        "exchange its own permissions boundary",
        &[need("iam:PutRolePermissionsBoundary", Reach::Own(Kind::BoundedRole))],
    ),
    path(
        "create-access-key",
        "make access keys for somebody else",
        &[need("iam:CreateAccessKey", Reach::OtherUser)],
    ),
    path(
        "create-login-profile",
        "give somebody else a password",
        &[need("iam:CreateLoginProfile", Reach::OtherUser)],
    ),
    path(
        "update-login-profile",
        "change somebody else's password",
        &[need("iam:UpdateLoginProfile", Reach::OtherUser)],
    ),
    path(
        "update-assume-role-policy",
        "let itself into another role",
        &[need("iam:UpdateAssumeRolePolicy", Reach::OtherRole)],
    ),
    path(
        "put-role-policy-and-assume",
        "write a role that it may assume a policy",
        &[need("iam:PutRolePolicy", Reach::OtherRole), need("sts:AssumeRole", Reach::OtherRole)],
    ),
    path(
        "attach-role-policy-and-assume",
        "attach any policy to a role that it may assume",
        &[need("iam:AttachRolePolicy", Reach::OtherRole), need("sts:AssumeRole", Reach::OtherRole)],
    ),
    path(
        "create-policy-version-and-assume",
        "give a policy of a role that it may assume another text",
        &[need("iam:CreatePolicyVersion", Reach::PolicyOfRole), need("sts:AssumeRole", Reach::OtherRole)],
    ),
    path(
        "pass-role-ec2-run-instances",
        "start a server with another role",
        &[pass(EC2), some("ec2:RunInstances")],
    ),
    path(
        "pass-role-ec2-request-spot-instances",
        "start a spot server with another role",
        &[pass(EC2), some("ec2:RequestSpotInstances")],
    ),
    existing(
        "pass-role-ec2-associate-profile",
        "give a server another role",
        "a server that it gets into",
        &[pass(EC2), some("ec2:AssociateIamInstanceProfile")],
    ),
    existing(
        "pass-role-ec2-replace-profile",
        "give a server another role",
        "a server that it gets into",
        &[pass(EC2), some("ec2:ReplaceIamInstanceProfileAssociation")],
    ),
    path(
        "pass-role-lambda-invoke",
        "run a function with another role",
        &[pass(LAMBDA), some("lambda:CreateFunction"), some("lambda:InvokeFunction")],
    ),
    path(
        "pass-role-lambda-add-permission",
        "let somebody run a function with another role",
        &[pass(LAMBDA), some("lambda:CreateFunction"), some("lambda:AddPermission")],
    ),
    path(
        "pass-role-lambda-event-source",
        "have events run a function with another role",
        &[pass(LAMBDA), some("lambda:CreateFunction"), some("lambda:CreateEventSourceMapping")],
    ),
    path(
        "pass-role-ecs-run-task",
        "run a container with another role",
        &[pass(TASKS), some("ecs:RegisterTaskDefinition"), some("ecs:RunTask")],
    ),
    path(
        "pass-role-ecs-start-task",
        "run a container with another role",
        &[pass(TASKS), some("ecs:RegisterTaskDefinition"), some("ecs:StartTask")],
    ),
    path(
        "pass-role-ecs-create-service",
        "run containers with another role",
        &[pass(TASKS), some("ecs:RegisterTaskDefinition"), some("ecs:CreateService")],
    ),
    path(
        "pass-role-batch-submit-job",
        "run a job with another role",
        &[pass(TASKS), some("batch:RegisterJobDefinition"), some("batch:SubmitJob")],
    ),
    path(
        "pass-role-cloudformation-create-stack",
        "have CloudFormation make anything with another role",
        &[pass("cloudformation.amazonaws.com"), some("cloudformation:CreateStack")],
    ),
    path(
        "pass-role-cloudformation-create-stack-set",
        "have CloudFormation make anything with another role",
        &[
            pass("cloudformation.amazonaws.com"),
            some("cloudformation:CreateStackSet"),
            some("cloudformation:CreateStackInstances"),
        ],
    ),
    existing(
        "pass-role-cloudformation-update-stack-set",
        "have CloudFormation make anything with another role",
        "a stack set",
        &[pass("cloudformation.amazonaws.com"), some("cloudformation:UpdateStackSet")],
    ),
    path(
        "pass-role-codebuild-start-build",
        "run a build with another role",
        &[pass(CODEBUILD), some("codebuild:CreateProject"), some("codebuild:StartBuild")],
    ),
    path(
        "pass-role-codebuild-start-build-batch",
        "run builds with another role",
        &[pass(CODEBUILD), some("codebuild:CreateProject"), some("codebuild:StartBuildBatch")],
    ),
    path(
        "pass-role-glue-create-dev-endpoint",
        "make a Glue endpoint with another role",
        &[pass(GLUE), some("glue:CreateDevEndpoint")],
    ),
    path(
        "pass-role-glue-start-job-run",
        "run a Glue job with another role",
        &[pass(GLUE), some("glue:CreateJob"), some("glue:StartJobRun")],
    ),
    path(
        "pass-role-glue-create-trigger",
        "have a trigger run a Glue job with another role",
        &[pass(GLUE), some("glue:CreateJob"), some("glue:CreateTrigger")],
    ),
    existing(
        "pass-role-glue-update-job",
        "give a Glue job another role and script, and run it",
        "a Glue job",
        &[pass(GLUE), some("glue:UpdateJob"), some("glue:StartJobRun")],
    ),
    path(
        "pass-role-sagemaker-create-notebook",
        "open a notebook with another role",
        &[
            pass(SAGEMAKER),
            some("sagemaker:CreateNotebookInstance"),
            some("sagemaker:CreatePresignedNotebookInstanceUrl"),
        ],
    ),
    path(
        "pass-role-sagemaker-create-training-job",
        "train with code of its own and another role",
        &[pass(SAGEMAKER), some("sagemaker:CreateTrainingJob")],
    ),
    path(
        "pass-role-sagemaker-create-processing-job",
        "run a processing job with another role",
        &[pass(SAGEMAKER), some("sagemaker:CreateProcessingJob")],
    ),
    path(
        "pass-role-data-pipeline",
        "run a pipeline with another role",
        &[
            pass("datapipeline.amazonaws.com"),
            some("datapipeline:CreatePipeline"),
            some("datapipeline:PutPipelineDefinition"),
            some("datapipeline:ActivatePipeline"),
        ],
    ),
    path(
        "pass-role-app-runner-create-service",
        "run a service with another role",
        &[pass("tasks.apprunner.amazonaws.com"), some("apprunner:CreateService")],
    ),
    path(
        "pass-role-bedrock-code-interpreter",
        "run code with another role",
        &[
            pass("bedrock-agentcore.amazonaws.com"),
            some("bedrock-agentcore:CreateCodeInterpreter"),
            some("bedrock-agentcore:StartCodeInterpreterSession"),
            some("bedrock-agentcore:InvokeCodeInterpreter"),
        ],
    ),
    path(
        "pass-role-step-functions",
        "have Step Functions call anything with another role",
        &[pass("states.amazonaws.com"), some("states:CreateStateMachine"), some("states:StartExecution")],
    ),
    existing(
        "lambda-update-function-code",
        "change the code of a function",
        "a function whose role may do more, and that runs",
        &[some("lambda:UpdateFunctionCode")],
    ),
    existing(
        "lambda-update-function-configuration",
        "put a layer of its own under a function",
        "a function whose role may do more, and that runs",
        &[some("lambda:UpdateFunctionConfiguration")],
    ),
    existing(
        "cloudformation-update-stack",
        "change what a stack makes",
        "a stack whose role may do more",
        &[some("cloudformation:UpdateStack")],
    ),
    existing(
        "cloudformation-change-set",
        "change what a stack makes",
        "a stack whose role may do more",
        &[some("cloudformation:CreateChangeSet"), some("cloudformation:ExecuteChangeSet")],
    ),
    existing(
        "codebuild-start-build",
        "run commands of its own in a build",
        "a project whose role may do more",
        &[some("codebuild:StartBuild")],
    ),
    existing(
        "codebuild-start-build-batch",
        "run commands of its own in builds",
        "a project whose role may do more",
        &[some("codebuild:StartBuildBatch")],
    ),
    existing(
        "glue-update-dev-endpoint",
        "get into a Glue endpoint",
        "an endpoint whose role may do more",
        &[some("glue:UpdateDevEndpoint")],
    ),
    existing(
        "sagemaker-presigned-notebook-url",
        "open a notebook",
        "a notebook whose role may do more",
        &[some("sagemaker:CreatePresignedNotebookInstanceUrl")],
    ),
    existing(
        "app-runner-update-service",
        "change what a service runs",
        "a service whose role may do more",
        &[some("apprunner:UpdateService")],
    ),
    existing(
        "bedrock-code-interpreter",
        "run code in a code interpreter",
        "a code interpreter whose role may do more",
        &[
            some("bedrock-agentcore:StartCodeInterpreterSession"),
            some("bedrock-agentcore:InvokeCodeInterpreter"),
        ],
    ),
    existing(
        "ssm-start-session",
        "open a session on a server",
        "a server whose role may do more",
        &[some("ssm:StartSession")],
    ),
    existing(
        "ssm-send-command",
        "run commands on a server",
        "a server whose role may do more",
        &[some("ssm:SendCommand")],
    ),
    existing(
        "ec2-instance-connect",
        "sign in to a server",
        "a server whose role may do more, within reach",
        &[some("ec2-instance-connect:SendSSHPublicKey")],
    ),
    existing(
        "ec2-modify-user-data",
        "change what a server runs when it starts",
        "a server whose role may do more",
        &[some("ec2:ModifyInstanceAttribute"), some("ec2:StopInstances"), some("ec2:StartInstances")],
    ),
    existing(
        "ec2-launch-template",
        "change what new servers run",
        "a launch template whose role may do more",
        &[some("ec2:CreateLaunchTemplateVersion"), some("ec2:ModifyLaunchTemplate")],
    ),
];
