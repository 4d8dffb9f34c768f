-- Whether a commit without .shithub/workflows is read for .github/workflows instead.
alter table repositories
    add column github_workflows boolean not null default false;
