using static Shithub.Actions.Workflows.Tests.Conformance.Sentence;

namespace Shithub.Actions.Workflows.Tests.Conformance;

/// <summary>'Workflow syntax for GitHub Actions', <c>jobs.&lt;job_id&gt;</c>. The titles are its sentences.</summary>
public class JobKeysTests
{
    private static string Job(string keys) => $"on: push\njobs:\n  a:\n    {keys.Replace("\n", "\n    ")}\n    steps: [{{run: x}}]\n  b: {{runs-on: x, steps: [{{run: x}}]}}\n";

    private static string On(string keys) => Job("runs-on: x\n" + keys);

    private static string Call(string keys) => $"on: push\njobs:\n  a:\n    {keys.Replace("\n", "\n    ")}\n  b: {{runs-on: x, steps: [{{run: x}}]}}\n";

    public static IEnumerable<TheoryDataRow<string, string, bool>> Sentences =>
    [
        Refuses("The job_id must start with a letter or _ and contain only alphanumeric characters, -, or _.", "on: push\njobs: {1a: {runs-on: x, steps: [{run: x}]}}",
            "2:8: error: '1a' cannot be a job's id; it starts with a letter or '_', has letters, digits, '-' and '_' only, and at most 100 of them"),
        Refuses("You must replace job_id with a string that is unique to the jobs object.", "on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}, A: {runs-on: x, steps: [{run: x}]}}",
            "2:44: error: another job has the id 'A'; case makes no difference"),
        Means("needs can be a string or array of strings.", On("needs: b"), "a:{needs:[b]"),
        Means("An empty array of needs is none.", On("needs: []"), "a:{runs-on:[x]"),
        Means("Use needs to identify any jobs that must complete successfully before this job will run.", On("needs: [b]"), "a:{needs:[b]"),
        Means("When you use expressions in an if conditional, you may omit the expression syntax.", On("if: github.ref == 'refs/heads/main'"), "if:github.ref == 'refs/heads/main'"),
        Means("if: ${{ always() }} makes a job run whether its needs succeeded or not.", On("needs: [b]\nif: ${{ always() }}"), "if:${{ always() }}"),
        Refuses("You must always use the ${{ }} expression syntax or quotes when the expression starts with !.", On("if: !success()"),
            "5:9: error: the tag '!success()' is not supported here; a value that starts with '!' is a tag: write ${{ !… }}, or quotes around it"),
        Refuses("The jobs.<job_id>.if condition is evaluated before jobs.<job_id>.strategy.matrix is applied.", On("if: matrix.x"),
            "5:9: error: the context 'matrix' is not available under 'jobs.<job_id>.if'; available here: github, shithub, vars, needs, inputs"),
        Means("You can provide runs-on as a single string.", Job("runs-on: ubuntu-latest"), "runs-on:[ubuntu-latest]"),
        Means("You can provide runs-on as a single variable containing a string.", Job("runs-on: ${{ inputs.chosen-os }}"), "runs-on:[${{ inputs.chosen-os }}]"),
        Means("You can provide runs-on as an array of strings, variables containing strings, or a combination of both.", Job("runs-on: [self-hosted, '${{ inputs.chosen-os }}']"),
            "runs-on:[self-hosted,${{ inputs.chosen-os }}]"),
        Means("You can provide runs-on as a key: value pair using the group or labels keys.", Job("runs-on:\n  group: ubuntu-runners\n  labels: ubuntu-24.04-16core"),
            "runs-on:{group:ubuntu-runners,labels:[ubuntu-24.04-16core]}"),
        Means("You can provide the environment as only the environment name.", On("environment: staging_environment"), "environment:{name:staging_environment}"),
        Means("Or as an environment object with the name and url.", On("environment: {name: production, url: 'https://github.com'}"), "environment:{name:production,url:https://github.com}"),
        Means("The value of url can be an expression, with steps.", On("environment: {name: production, url: '${{ steps.id.outputs.u }}'}"), "url:${{ steps.id.outputs.u }}"),
        Refuses("The value of name can be an expression, without steps.", On("environment: ${{ steps.id.outputs.u }}"),
            "5:22: error: the context 'steps' is not available under 'jobs.<job_id>.environment'; available here: github, shithub, vars, strategy, matrix, needs, inputs"),
        Means("The expression of a job's concurrency can use github, inputs, vars, needs, strategy, and matrix contexts.", On("concurrency: ${{ github.ref }}-${{ matrix.x }}-${{ needs.b.result }}"),
            "concurrency:{group:${{ github.ref }}-${{ matrix.x }}-${{ needs.b.result }}}"),
        Means("You can use jobs.<job_id>.outputs to create a map of outputs for a job.", On("outputs: {output1: '${{ steps.step1.outputs.test }}'}"), "outputs:{output1:${{ steps.step1.outputs.test }}}"),
        Means("A map of variables that are available to all steps in the job.", On("env: {FIRST_NAME: Mona}"), "env:{FIRST_NAME:Mona}"),
        Means("jobs.<job_id>.defaults.run can reference several contexts.", On("defaults: {run: {working-directory: '${{ matrix.folder }}', shell: '${{ matrix.shell }}'}}"),
            "defaults:{run:{shell:${{ matrix.shell }},working-directory:${{ matrix.folder }}}}"),
        Means("timeout-minutes: Default: 360", On("name: n"), "timeout-minutes:360"),
        Means("The maximum number of minutes to let a job run.", On("timeout-minutes: 30"), "timeout-minutes:30"),
        Refuses("A job's timeout must be a positive integer.", On("timeout-minutes: 0.5"), "5:22: error: 'jobs.a.timeout-minutes' must be a whole number from 1 to 43200"),
        Refuses("A matrix will generate a maximum of 256 jobs per workflow run.",
            On($"strategy: {{matrix: {{i: [{string.Join(", ", Enumerable.Range(0, 257))}]}}}}"), "5:16: error: the matrix makes 257 jobs; it may make 256"),
        Means("Define one or more variables followed by an array of values.", On("strategy: {matrix: {os: [a, b], version: [10, 12.5, true]}}"), "matrix:{os:[a,b],version:[10,12.5,true]}"),
        Means("A variable configuration in a matrix can be an array of objects.", On("strategy: {matrix: {node: [{version: 14}, {version: 20, env: X}]}}"), "node:[{version:14},{version:20,env:X}]"),
        Means("The value of include is a list of objects.", On("strategy: {matrix: {os: [a], include: [{os: a, color: pink}]}}"), "include:[{os:a,color:pink}]"),
        Means("An excluded configuration only has to be a partial match for it to be excluded.", On("strategy: {matrix: {os: [a, b], v: [1], exclude: [{os: a}]}}"), "exclude:[{os:a}]"),
        Means("You can use contexts to create matrices.", On("strategy: {matrix: {version: '${{ github.event.client_payload.versions }}'}}"), "version:${{ github.event.client_payload.versions }}"),
        Means("fail-fast can be set to an expression.", On("strategy: {fail-fast: '${{ inputs.fast }}', matrix: {a: [1]}}"), "fail-fast:${{ inputs.fast }}"),
        Means("fail-fast: Default: true", On("strategy: {fail-fast: true, matrix: {a: [1]}}"), "strategy:{matrix:{a:[1]}}"),
        Means("To set the maximum number of jobs that can run simultaneously, use max-parallel.", On("strategy: {max-parallel: 2, matrix: {a: [1]}}"), "max-parallel:2"),
        Means("continue-on-error prevents a workflow run from failing when a job fails.", On("continue-on-error: ${{ matrix.experimental }}"), "continue-on-error:${{ matrix.experimental }}"),
        Means("When you only specify a container image, you can omit the image keyword.", On("container: node:18"), "container:node:18"),
        Means("container.credentials: a map of the username and password.", On("container: {image: i, credentials: {username: '${{ github.actor }}', password: '${{ secrets.p }}'}}"),
            "credentials:{username:${{ github.actor }},password:${{ secrets.p }}}"),
        Refuses("The image of a container sees no secrets.", On("container: {image: '${{ secrets.i }}'}"),
            "5:29: error: the context 'secrets' is not available under 'jobs.<job_id>.container'; available here: github, shithub, vars, strategy, matrix, needs, inputs"),
        Means("container.env, ports, volumes and options.", On("container: {image: i, env: {A: 1}, ports: [80], volumes: ['v:/v'], options: --cpus 1}"),
            "container:{image:i,env:{A:1},ports:[80],volumes:[v:/v],options:--cpus 1}"),
        Refuses("container.ports sets an array of ports to expose on the container.", On("container: {image: i, ports: '80:x'}"),
            "5:34: error: 'jobs.a.container.ports' must be a list, but is a string; write ['5432:5432']"),
        Means("If image is assigned an empty string, the service will not start.", On("services: {nginx: {image: ''}}"), "services:{nginx:{image:}}"),
        Means("services.<service_id>.command overrides the Docker image's default command, entrypoint its ENTRYPOINT.", On("services: {etcd: {image: i, entrypoint: etcd, command: --listen x}}"),
            "services:{etcd:{image:i,entrypoint:etcd,command:--listen x}}"),
        Refuses("A container has no command of its own.", On("container: {image: i, command: x}"),
            "5:27: error: unknown key 'command' in 'container'; known here: image, credentials, env, ports, volumes, options"),
        Means("jobs.<job_id>.uses: owner/repo/.github/workflows/filename@ref", Call("uses: octo-org/this-repo/.github/workflows/workflow-1.yml@172239021f7ba04fe7327647b213799853a9eb89"),
            "uses:octo-org/this-repo/.github/workflows/workflow-1.yml@172239021f7ba04fe7327647b213799853a9eb89"),
        Means("jobs.<job_id>.uses: ./.github/workflows/filename", Call("uses: ./.github/workflows/workflow-2.yml"), "uses:./.github/workflows/workflow-2.yml"),
        Refuses("Subdirectories of the workflows directory are not supported.", Call("uses: ./.github/workflows/sub/workflow-2.yml"),
            "4:11: error: './.github/workflows/sub/workflow-2.yml' is not a workflow to call: workflows are directly in '.shithub/workflows/' or '.github/workflows/'; write './.shithub/workflows/NAME.yml' or 'owner/repo/.shithub/workflows/NAME.yml@ref'"),
        Refuses("You can't use contexts or expressions in jobs.<job_id>.uses.", Call("uses: ${{ github.repository }}/.github/workflows/x.yml@main"),
            "4:11: error: expressions are not available under 'uses'; name the workflow outright"),
        Means("with: a map of inputs that are passed to the called workflow; the data type of the value must match.", Call("uses: ./.github/workflows/w.yml\nwith: {username: mona, count: 3, dry: true}"),
            "with:{username:mona,count:3,dry:true}"),
        Means("Use the inherit keyword to pass all the calling workflow's secrets to the called workflow.", Call("uses: ./.github/workflows/w.yml\nsecrets: inherit"), "secrets:inherit"),
        Means("secrets: a map of secrets that are passed to the called workflow.", Call("uses: ./.github/workflows/w.yml\nsecrets: {access-token: '${{ secrets.PAT }}'}"),
            "secrets:{access-token:${{ secrets.PAT }}}"),
        Refuses("A job that calls a workflow may have name, uses, with, secrets, strategy, needs, if, concurrency and permissions.", Call("uses: ./.github/workflows/w.yml\ntimeout-minutes: 5"),
            "5:5: error: a job that calls a workflow has no 'timeout-minutes'; the called workflow's jobs have their own"),
        Refuses("snapshot makes an image of the runner.", On("snapshot: image"), "5:5: error: 'snapshot' of a job is not supported: the images of runners are the operator's, a job cannot change them"),
    ];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Holds(string yaml, string expected, bool isValid) => Hold(yaml, expected, isValid);
}
